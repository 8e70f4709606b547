// A line client as it is written in .NET: StreamReader and StreamWriter over a TcpClient.
// Usage: Client HOST PORT plain|bom|bom-crlf. Standard input goes to the server line by line;
// what the server says is printed as it comes, by a thread of its own.

using System;
using System.IO;
using System.Net.Sockets;
using System.Text;
using System.Threading;

static class Client
{
    static void Main(string[] args)
    {
        using (var client = new TcpClient(args[0], int.Parse(args[1])))
        {
            var stream = client.GetStream();
            var reader = new StreamReader(stream);
            var writer = new StreamWriter(stream, EncodingOf(args[2]));
            writer.NewLine = args[2].EndsWith("crlf") ? "\r\n" : "\n";
            writer.AutoFlush = true;
            var hearing = new Thread(() => PrintAll(reader));
            hearing.Start();
            SayAll(writer);
            EndSaying(client);
            hearing.Join();
        }
    }

    static Encoding EncodingOf(string manner)
    {
        return manner.StartsWith("bom") ? Encoding.UTF8 : new UTF8Encoding(false);
    }

    static void PrintAll(StreamReader reader)
    {
        string line;
        while ((line = reader.ReadLine()) != null)
            Console.WriteLine(line);
    }

    static void SayAll(StreamWriter writer)
    {
        var input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        string line;
        while ((line = input.ReadLine()) != null)
            writer.WriteLine(line);
    }

    // A server that has left already does not mind.
    static void EndSaying(TcpClient client)
    {
        try
        {
            client.Client.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
        }
    }
}
