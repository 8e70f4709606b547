// A line server as it is written in .NET: StreamReader and StreamWriter over a TcpListener.
// Usage: Server plain|bom|bom-crlf. Serves one client: prints the port, then each line that it
// hears, and answers it until the client says Exit or nothing more.

using System;
using System.IO;
using System.Net;
using System.Net.Sockets;
using System.Text;

static class Server
{
    static void Main(string[] args)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Console.WriteLine("listening on {0}", listener.LocalEndpoint);
        using (var client = listener.AcceptTcpClient())
        {
            var stream = client.GetStream();
            var reader = new StreamReader(stream);
            var writer = new StreamWriter(stream, EncodingOf(args[0]));
            writer.NewLine = args[0].EndsWith("crlf") ? "\r\n" : "\n";
            writer.AutoFlush = true;
            Answer(reader, writer);
        }
    }

    static Encoding EncodingOf(string manner)
    {
        return manner.StartsWith("bom") ? Encoding.UTF8 : new UTF8Encoding(false);
    }

    static void Answer(StreamReader reader, StreamWriter writer)
    {
        string line;
        while ((line = reader.ReadLine()) != null)
        {
            Console.WriteLine("heard {0}", line);
            if (line == "Exit")
                return;
            writer.WriteLine("From server -> " + line);
        }
    }
}
