/** The part of the npm package raw-socket 1.8 that raw-sender.ts uses; it brings no types of its own. */
declare module 'raw-socket' {
  export interface Socket {
    /** The native socket: its send acts at once, where Socket.send waits for a turn of the loop. */
    readonly wrap: {
      /** Throws an Error with the C library's text where the kernel refuses. */
      send(buffer: Buffer, offset: number, length: number, address: string, done: (bytes: number) => void): void;
    };
    setOption(level: number, option: number, value: number): void;
    setOption(level: number, option: number, value: Buffer, length: number): void;
    pauseRecv(): Socket;
    close(): Socket;
    on(event: 'error', listener: (error: Error) => void): Socket;
  }
  export function createSocket(options: { readonly addressFamily: 1 | 2; readonly protocol: number }): Socket;
}
