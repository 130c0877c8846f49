import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Both of Java's own clients, as the AWS SDKs build on them: status by the old one, body by the new one. */
public class Ask {
    public static void main(String[] addresses) throws Exception {
        for (String address : addresses) {
            HttpURLConnection old = (HttpURLConnection) URI.create(address).toURL().openConnection();
            System.out.println(old.getResponseCode());
            HttpRequest request = HttpRequest.newBuilder(URI.create(address)).build();
            System.out.println(HttpClient.newHttpClient().send(request, BodyHandlers.ofString()).body());
        }
    }
}
