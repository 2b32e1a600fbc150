// The peer ws on Node: a set of clients per channel, and send() for each of them, as its documentation shows broadcasting.
import { WebSocketServer } from "ws";

const [host, port] = process.argv.slice(2);
const channels = new Map();
const server = new WebSocketServer({ host, port: Number(port), perMessageDeflate: false, backlog: 4096 });
server.on("listening", () => console.log(`ready on ${host}:${port}`));
server.on("connection", (socket, request) => {
  const channel = request.url.split("/")[2];
  if (!channels.has(channel)) channels.set(channel, new Set());
  const hearers = channels.get(channel);
  hearers.add(socket);
  socket.on("close", () => hearers.delete(socket));
  socket.on("error", () => socket.terminate());
  socket.on("message", (data) => {
    for (const hearer of hearers) hearer.send(data, { binary: false });
  });
});
