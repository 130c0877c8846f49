"""The HTTPS proxy of ``clary run``: AWS's names lead to the platform, all others where they should.

The command's clients ask it for tunnels (HTTP's CONNECT). For a name of AWS it ends TLS itself, with a
certificate of an authority that only this data folder's commands trust, and hands the bytes to the gateway,
which finds service and bucket by the Host header. Any other tunnel goes to its place untouched. It lives as
long as the command.
"""
