/** One of a stream of server-sent events; without data it only says where the stream stands. */
export interface ServerSentEvent {
  id: string;
  data: string | null;
}

/** Reads a stream of server-sent events, as the daemon writes them: an id with each, data on one line or more. */
export async function* serverSentEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let id = "";
  let data: string[] = [];
  for await (const line of lines(body)) {
    if (line === "") {
      if (id !== "") yield { id, data: data.length > 0 ? data.join("\n") : null };
      data = [];
    } else {
      const colon = line.indexOf(":");
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
      if (name === "id") id = value;
      if (name === "data") data.push(value);
    }
  }
}

/** Whole lines. What is left at the end was cut off. */
async function* lines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const whole = rest.split("\n");
    rest = whole.pop() ?? "";
    for (const line of whole) yield line.replace(/\r$/, "");
  }
}
