/** Who is in which multicast group of one kernel socket: the kernel is asked for the first member, and told of the last one's end. */

export class GroupMembers {
  readonly #members = new Map<string, number>();

  /** `join` and `leave` ask the kernel, and may throw. */
  constructor(private readonly kernel: { join(group: string): void; leave(group: string): void }) {}

  has(group: string): boolean {
    return this.#members.has(group);
  }

  join(group: string): void {
    const members = this.#members.get(group) ?? 0;
    if (members === 0) this.kernel.join(group);
    this.#members.set(group, members + 1);
  }

  leave(group: string): void {
    const members = this.#members.get(group) ?? 0;
    if (members > 1) this.#members.set(group, members - 1);
    else if (this.#members.delete(group)) this.kernel.leave(group);
  }

  /** As if every member had left. */
  leaveAll(): void {
    for (const group of this.#members.keys()) this.kernel.leave(group);
    this.#members.clear();
  }
}
