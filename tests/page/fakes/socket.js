// WebSockets whose other end is the test, or a fake hub.

/** A class of sockets that hand themselves to `onconnect`. `world.down` keeps them from opening. */
export function socketsTo(world) {
  return class FakeSocket {
    /** No packet passes, and neither side knows. */
    cut = false;

    constructor(url) {
      this.url = url;
      this.readyState = 0;
      this.sent = [];
      world.sockets.push(this);
      queueMicrotask(() => this.#connect());
    }

    send(text) {
      const message = JSON.parse(text);
      this.sent.push(message);
      if (!world.deaf && !this.cut) world.onmessage?.(this, message);
    }

    close() {
      if (this.readyState === 3) return;
      this.readyState = 3;
      if (!this.cut) world.onclose?.(this);
    }

    /** The hub says something. */
    hear(message) {
      if (this.cut) return;
      if (this.readyState === 1) this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
    }

    /** The connection breaks, and this side notices. */
    break() {
      if (this.readyState === 3) return;
      this.readyState = 3;
      world.onclose?.(this);
      this.onclose?.({});
    }

    #connect() {
      if (this.readyState !== 0 || world.silent) return;
      if (world.down) return this.break();
      this.readyState = 1;
      this.onopen?.({});
    }
  };
}
