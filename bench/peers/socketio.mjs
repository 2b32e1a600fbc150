// The peer Socket.IO: a room per channel; WebSocket alone, no compression, no ping within a measurement.
import { createServer } from "node:http";
import { Server } from "socket.io";

const [host, port] = process.argv.slice(2);
const QUIET_MS = 2 ** 31 - 1;
const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, pingInterval: QUIET_MS, serveClient: false });
io.on("connection", (socket) => {
  socket.on("hear", (channel) => {
    socket.join(channel);
    socket.emit("hearing");
  });
  socket.on("say", (channel, text) => io.to(channel).emit("m", text));
});
http.listen({ host, port: Number(port), backlog: 4096 }, () => console.log(`ready on ${host}:${port}`));
