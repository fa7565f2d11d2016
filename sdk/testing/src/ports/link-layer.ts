/** The `linkLayer` port of a simulated process. */
import type { LinkLayer, LinkLayerOptions, LinkLayerSocket } from '@mainstay/sdk';
import { type Errno, refusal } from '../kernel/errno.js';
import type { SimulatedProcess } from '../kernel/process.js';
import { Frame } from '../network/frame.js';

export function simulatedLinkLayer(process: SimulatedProcess): LinkLayer {
  return {
    open(options) {
      const { kernel } = process;
      const errno = kernel.faults.due('linkLayer.open') ?? (kernel.links.get(options.link) === undefined ? 'ENODEV' : undefined);
      if (errno !== undefined) throw refusal(`cannot open a packet socket on link ${options.link}`, errno);
      return openSocket(process, options);
    },
  };
}

function openSocket(process: SimulatedProcess, options: LinkLayerOptions): LinkLayerSocket {
  const { kernel } = process;
  const { onFrame } = options;
  let isOpen = true;
  const receive = (frame: Frame) =>
    process.clock.deliver(() => {
      if (isOpen) onFrame?.(frame.bytes.slice());
    });
  const leave =
    onFrame === undefined
      ? () => {}
      : kernel.stack.sockets.addFrame({ link: options.link, etherType: options.etherType, receive });
  const close = () => {
    isOpen = false;
    leave();
    forget();
  };
  const forget = process.atEnd(close);
  const send = (bytes: Uint8Array) => {
    if (!isOpen) return;
    const errno = kernel.faults.due('linkLayer.send') ?? sendFrame(process, options.link, bytes);
    if (errno === undefined) return;
    const error = refusal(`cannot send a frame on link ${options.link}`, errno);
    queueMicrotask(() =>
      process.clock.deliver(() => {
        if (isOpen) options.onError(error);
      }),
    );
  };
  return {
    send,
    sendAll(frames) {
      for (const frame of frames) send(frame);
    },
    close,
  };
}

function sendFrame({ kernel }: SimulatedProcess, index: number, bytes: Uint8Array): Errno | undefined {
  const link = kernel.links.get(index);
  if (link === undefined) return 'ENODEV';
  if (!link.isEnabled) return 'ENETDOWN';
  if (bytes.length > link.mtu + 14) return 'EMSGSIZE';
  const frame = Frame.ofBytes(bytes.slice());
  if (frame === undefined) return 'EINVAL';
  kernel.stack.transmit(link, frame);
  return undefined;
}
