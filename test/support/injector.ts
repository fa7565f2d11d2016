/** Sends Ethernet frames from a host of a LAN, byte for byte, through an AF_PACKET socket of python3's standard library. */
import { spawn } from 'node:child_process';
import type { Host } from './netns.js';

/** One frame in hexadecimal a line, `pause` milliseconds after each. */
const program = `
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("eth0", 0))
for line in sys.stdin:
    s.send(bytes.fromhex(line))
    time.sleep(float(sys.argv[1]) / 1000)
`;

export function inject(host: Host, frames: readonly Uint8Array[], pauseMs: number): Promise<void> {
  const args = ['netns', 'exec', host.namespace, 'python3', '-c', program, String(pauseMs)];
  return new Promise((resolve, reject) => {
    const child = spawn('ip', args, { stdio: ['pipe', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`injecting frames failed: ${errors}`))));
    child.stdin.on('error', () => undefined);
    child.stdin.end(frames.map((frame) => `${Buffer.from(frame).toString('hex')}\n`).join(''));
  });
}
