/** One question over UDP, from a port of its own: the address of `who.test`, which each name server says is its own. Used by client-agent.ts. */
import { createSocket } from 'node:dgram';
import type { Way } from './request.js';

/** So often it is asked again from the same port, as resolvers do. */
const tries = 5;
const patienceMs = 4000;
export const question = 'who.test';

export async function askName({ from, to, port }: Way): Promise<string> {
  const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
  await new Promise<void>((resolve) => socket.bind(0, from, resolve));
  await new Promise<void>((resolve) => socket.connect(port, to, resolve));
  try {
    for (let i = 0; i < tries; i++) {
      const answer = await new Promise<Buffer | undefined>((resolve) => {
        const timer = setTimeout(() => resolve(undefined), patienceMs);
        const end = (data?: Buffer) => {
          clearTimeout(timer);
          resolve(data);
        };
        socket.once('message', end).once('error', () => end());
        socket.send(query());
      });
      if (answer !== undefined) return [...answer.subarray(-4)].join('.');
    }
    throw new Error(`no answer over UDP from ${to} port ${port}, asked ${tries} times`);
  } finally {
    socket.close();
  }
}

/** RFC 1035, section 4.1: header, and one question for an A record. The answer then ends with the address. */
function query(): Buffer {
  const name = question.split('.').map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  const header = Buffer.from([0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]);
  return Buffer.concat([header, ...name, Buffer.from([0, 0, 1, 0, 1])]);
}
