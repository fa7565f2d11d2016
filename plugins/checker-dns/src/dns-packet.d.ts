/** The part of the npm package dns-packet 5.6 that message.ts uses; it brings no types of its own. test/pins holds it to them. */
declare module 'dns-packet' {
  interface Question {
    /** Labels with dots between them, without one at the end; `.`: the root. */
    readonly name: string;
    /** `A`, `SOA`; `UNKNOWN_65280` where it has no name. */
    readonly type: string;
  }
  /** Throws where there is no such thing; `bytes`: how long the one was that was decoded last. */
  interface Decoder<Value> {
    decode: ((message: Uint8Array, offset: number) => Value) & { readonly bytes: number };
  }
  const codec: {
    readonly RECURSION_DESIRED: number;
    readonly TRUNCATED_RESPONSE: number;
    encode(message: {
      readonly type: 'query';
      readonly id: number;
      readonly flags: number;
      readonly questions: readonly Question[];
    }): Uint8Array;
    /** `flags`: without the bit of `type`. Throws where the bytes are no message. */
    decode(message: Uint8Array): {
      readonly id: number;
      readonly type: 'query' | 'response';
      readonly flags: number;
      readonly rcode: string;
    };
    readonly name: Decoder<string>;
    readonly question: Decoder<Question>;
  };
  export default codec;
}
