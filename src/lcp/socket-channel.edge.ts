import { WebSocket } from "ws";
import type { Clock } from "../base/clock.ts";
import type { Channel, ChannelEvents } from "./channel.ts";
import { FragmentSender } from "./fragments.ts";
import { FAREWELL_MS, POLICY_VIOLATION, reasonFor, SILENT_MS } from "./sockets.ts";

/** A WebSocket as a channel. Whoever is silent for too long is gone, and so is who does not say farewell. */
export function channelOf(socket: WebSocket, clock: Clock, events: () => Omit<ChannelEvents, "opened">): Channel {
  const sender = new FragmentSender(socket);
  let over = false;
  let cancel = (): void => undefined;
  const heard = () => {
    cancel();
    if (!over) cancel = clock.after(SILENT_MS, () => socket.terminate());
  };
  heard();
  socket.on("ping", heard);
  socket.on("pong", heard);
  socket.on("open", heard);
  socket.on("message", (data, isBinary) => {
    heard();
    if (over) return;
    if (isBinary) end("a message is not text");
    else events().message(data.toString());
  });
  let why = "";
  socket.on("error", (error) => {
    why = error.message;
  });
  socket.on("close", (_code, reason) => {
    cancel();
    if (!over) events().closed(reason.toString() || why || "connection lost");
    over = true;
  });

  function end(reason: string): void {
    if (over) return;
    over = true;
    cancel();
    socket.close(POLICY_VIOLATION, reasonFor(reason));
    clock.after(FAREWELL_MS, () => socket.terminate());
  }

  return {
    send: (text) => {
      if (over || socket.readyState !== WebSocket.OPEN) return;
      sender.send(text, () => {
        if (!over) events().drained();
      });
    },
    buffered: () => sender.buffered,
    close: end,
  };
}
