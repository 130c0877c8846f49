import io,os
def test_smoke(s3, bucket, connect):
    r=s3.put_object(Bucket=bucket,Key='a//b',Body=b'hello',Metadata={'x':'y'}); print(r)
    g=s3.get_object(Bucket=bucket,Key='a//b'); print(g); assert g['Body'].read()==b'hello'
    s3.upload_fileobj(io.BytesIO(os.urandom(20<<20)),bucket,'big'); print(s3.head_object(Bucket=bucket,Key='big',ChecksumMode='ENABLED'))
    out=io.BytesIO(); s3.download_fileobj(bucket,'big',out); assert len(out.getvalue())==20<<20
    print(s3.list_objects_v2(Bucket=bucket,Delimiter='/'))
    print(s3.list_objects(Bucket=bucket))
    print(s3.copy_object(Bucket=bucket,Key='c',CopySource=f'{bucket}/big'))
    print(s3.get_object_attributes(Bucket=bucket,Key='big',ObjectAttributes=['ETag','Checksum','ObjectParts','ObjectSize','StorageClass']))
    print(s3.list_buckets(), s3.get_bucket_location(Bucket=bucket), s3.get_bucket_acl(Bucket=bucket))
    print(s3.delete_objects(Bucket=bucket,Delete={'Objects':[{'Key':'c'},{'Key':'a//b'},{'Key':'big'}]}))
    s3.delete_bucket(Bucket=bucket)
