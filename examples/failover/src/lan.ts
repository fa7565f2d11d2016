/** Network namespaces on a bridge, with names that nobody else has. Used by namespaces.ts; everything is removed by `remove`. */
import { execFileSync } from 'node:child_process';

const prefix = `mainstay-demo${process.pid}`;
const bridge = `${prefix}-switch`;

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

export class Lan {
  readonly #names: string[] = [];

  constructor() {
    ip('netns', 'add', bridge);
    ip('-n', bridge, 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0');
    ip('-n', bridge, 'link', 'set', 'br0', 'up');
  }

  namespaceOf(name: string): string {
    return `${prefix}-${name}`;
  }

  /** A host with an interface eth0, plugged into the switch. */
  add(name: string, address: string): void {
    const namespace = this.namespaceOf(name);
    ip('netns', 'add', namespace);
    this.#names.push(namespace);
    ip('link', 'add', 'eth0', 'netns', namespace, 'type', 'veth', 'peer', 'name', `to-${name}`, 'netns', bridge);
    ip('-n', bridge, 'link', 'set', `to-${name}`, 'master', 'br0', 'up');
    ip('-n', namespace, 'link', 'set', 'lo', 'up');
    ip('-n', namespace, 'link', 'set', 'eth0', 'up');
    ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    // The echo service waits on the virtual address before it is there.
    ip('netns', 'exec', namespace, 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind');
  }

  /** A kernel that boots has its own address and no other. */
  boot(name: string, address: string): void {
    const namespace = this.namespaceOf(name);
    ip('-n', namespace, 'addr', 'flush', 'dev', 'eth0', 'scope', 'global');
    ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    this.cable(name, 'up');
  }

  /** What the dead kernel of a host held is gone. */
  forget(name: string): void {
    ip('-n', this.namespaceOf(name), 'addr', 'flush', 'dev', 'eth0', 'scope', 'global');
  }

  cable(name: string, state: 'up' | 'down'): void {
    ip('-n', bridge, 'link', 'set', `to-${name}`, state);
  }

  remove(): void {
    for (const namespace of [...this.#names.splice(0), bridge]) {
      try {
        ip('netns', 'del', namespace);
      } catch {
        // It was removed before.
      }
    }
  }
}
