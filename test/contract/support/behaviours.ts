/** What the servers of the contract suites do, given by name because it has to cross to another process. */
import { type Serve, serves } from '@mainstay/testing';
import type { Certificate } from '../../support/certificate.js';

export const behaviours = {
  ...serves,
  /** Reads to the end, then says how much it was. */
  count: (): Serve => async (peer) => {
    let bytes = 0;
    for (let data = await peer.read(); data !== undefined; data = await peer.read()) bytes += data.length;
    await peer.write(`${bytes} bytes`);
  },
  /** Says something when it is asked, and breaks off: at once, what it says might be lost with the connection. */
  resetWhenAsked:
    (text: string): Serve =>
    async (peer) => {
      await peer.read();
      await serves.reset(text)(peer);
    },
  /** Never reads. */
  deaf: (): Serve => (peer) => peer.wait(Number.POSITIVE_INFINITY),
  /** Says who called. */
  caller: (): Serve => async (peer) => {
    const { localAddress, localPort, serverName } = peer.caller;
    await peer.write(`${localAddress} ${localPort} ${serverName}`);
  },
} as const;

export type Behaviour = {
  [Name in keyof typeof behaviours]: readonly [Name, ...Parameters<(typeof behaviours)[Name]>];
}[keyof typeof behaviours];

export function behaviourOf([name, ...args]: Behaviour): Serve {
  return (behaviours[name] as (...args: readonly unknown[]) => Serve)(...args);
}

/** What a server's TLS is like: on Linux made with this certificate, simulated from the facts. */
export interface WorldTls extends Certificate {
  readonly names: readonly string[];
  readonly expiresAt: number;
  readonly ca: string;
  readonly wantsCertificate?: boolean;
}
