/** What a session says: the control packet of a state (RFC 5880 section 6.8.7), signed where it must be. Used by pulse.ts. */
import { type Authentication, isMeticulous, signed } from './authentication.js';
import { type ControlPacket, encodeControl } from './packet.js';
import type { MachineConfig, State } from './states.js';

/** C is 0: this BFD ends with its process. D is 0: it never asks for Demand mode. */
export function controlPacket(state: State, config: MachineConfig, isFinal = false): ControlPacket {
  return {
    diagnostic: state.diagnostic,
    state: state.kind,
    isPoll: !isFinal && state.poll !== 'none',
    isFinal,
    isIndependent: false,
    isDemand: false,
    multiplier: config.multiplier,
    myDiscriminator: state.localDiscriminator,
    yourDiscriminator: state.remoteDiscriminator,
    desiredMinTxUs: state.desiredTxUs,
    requiredMinRxUs: state.requiredRxUs,
    requiredMinEchoRxUs: config.minEchoRxUs ?? 0,
  };
}

interface Said {
  readonly plain: Uint8Array;
  readonly bytes: Uint8Array;
  readonly by: Authentication | undefined;
  readonly sequence: number;
}

export class Voice {
  private last: Said | undefined;
  private next: Said | undefined;

  /** `sequence`: bfd.XmitAuthSeq, random. */
  constructor(private sequence: number) {}

  /** What is said again and again. The same bytes as before while nothing has changed and each packet need not be another. */
  periodic(state: State, config: MachineConfig, authentication: Authentication | undefined): Uint8Array {
    const packet = controlPacket(state, config);
    const plain = encodeControl(packet);
    const isEachAnother = authentication !== undefined && isMeticulous(authentication.type);
    const same = [this.last, this.next].find(
      (said) => said !== undefined && said.by === authentication && Buffer.compare(plain, said.plain) === 0,
    );
    // What was foreseen under an earlier sequence number is too old by now.
    if (same !== undefined && !isEachAnother && (same === this.last || same.sequence === this.sequence)) {
      this.last = same;
      return same.bytes;
    }
    if (authentication !== undefined) this.sequence = (this.sequence + 1) >>> 0;
    const bytes = authentication === undefined ? plain : signed(packet, authentication, this.sequence);
    this.last = { plain, bytes, by: authentication, sequence: this.sequence };
    return bytes;
  }

  /** What `periodic` will say in a state that is to come. Not where each packet must have a sequence number of its own. */
  foreseen(state: State, config: MachineConfig, authentication: Authentication | undefined): Uint8Array {
    const { next, sequence } = this;
    const packet = controlPacket(state, config);
    const plain = encodeControl(packet);
    const isSame = next?.by === authentication && next?.sequence === sequence && Buffer.compare(plain, next.plain) === 0;
    if (isSame && next !== undefined) return next.bytes;
    const bytes = authentication === undefined ? plain : signed(packet, authentication, sequence);
    this.next = { plain, bytes, by: authentication, sequence };
    return bytes;
  }

  /** The answer to a poll. The sequence number of the periodic packets serves, unless each packet must have its own. */
  answer(state: State, config: MachineConfig, authentication: Authentication | undefined): Uint8Array {
    const packet = controlPacket(state, config, true);
    if (authentication === undefined) return encodeControl(packet);
    if (isMeticulous(authentication.type)) this.sequence = (this.sequence + 1) >>> 0;
    return signed(packet, authentication, this.sequence);
  }
}
