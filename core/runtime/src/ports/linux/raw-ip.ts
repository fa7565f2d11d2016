/** The `rawIp` port: sends through raw-socket, receives through pacemaker. */
import type { Link, RawIp, RawIpOptions, RawIpSocket } from '@mainstay/sdk';
import { MainstayError, PortError } from '@mainstay/sdk';
import { RawIpMember } from './raw-ip-member.js';
import { RawIpShared } from './raw-ip-shared.js';
import { RawSender } from './raw-sender.js';
import { portError, refusalText } from './refusal.js';
import { SharedUse } from './shared-use.js';

type RawSocketPackage = typeof import('raw-socket');

/** Loads raw-socket, or answers why not: its native part has no prebuilt binaries, and not every router needs it. */
export async function loadRawSocket(): Promise<RawSocketPackage | MainstayError> {
  try {
    const loaded: { default?: RawSocketPackage } = await import('raw-socket');
    return loaded.default ?? (loaded as RawSocketPackage);
  } catch (error) {
    const hint = 'install a C++ compiler, make and python3, then `npm install` again; Node 24 and later need nan 2.22 or newer';
    return new MainstayError('NATIVE_MISSING', 'the package raw-socket cannot be loaded: no packet can be sent', hint, {
      cause: error,
    });
  }
}

export class LinuxRawIp implements RawIp {
  /** One sender per family and link, one receiver per family, protocol and link, whoever uses them. */
  readonly #senders = new SharedUse<RawSender>();
  readonly #receivers = new SharedUse<RawIpShared>();

  constructor(
    private readonly rawSocket: RawSocketPackage | MainstayError,
    private readonly linkOf: (index: number) => Link | undefined,
    private readonly now: () => number,
    private readonly onError: (error: Error) => void,
  ) {}

  open(options: RawIpOptions): RawIpSocket {
    const { family, protocol } = options;
    const link = this.linkOf(options.link);
    const what = `cannot open a raw socket for protocol ${protocol} on ${link === undefined ? `link ${options.link}` : link.name}`;
    if (link === undefined) throw new PortError(`${what}: ${refusalText('ENODEV')}`, 'ENODEV');
    const { rawSocket } = this;
    if (rawSocket instanceof MainstayError) throw rawSocket;
    const senderKey = `${family} ${link.index}`;
    const receiverKey = `${senderKey} ${protocol}`;
    try {
      const sender = this.#senders.take(senderKey, () => new RawSender(rawSocket, family, link, this.onError));
      try {
        const shared = this.#receivers.take(receiverKey, () => new RawIpShared(options, this.now));
        const release = () => {
          this.#receivers.release(receiverKey);
          this.#senders.release(senderKey);
        };
        return new RawIpMember(options, link.name, sender, shared, release);
      } catch (error) {
        this.#senders.release(senderKey);
        throw error;
      }
    } catch (error) {
      throw portError(what, error);
    }
  }

  close(): void {
    this.#receivers.close();
    this.#senders.close();
  }
}
