/** Texts of configurations for the worlds of the parity tests. Where there is a label, scripts write down what happens, with that. */

export const tcpCheck = 'TCP_CHECK {\n        }';

/** Real server N of the farm, with its lines and its checkers. */
export function real(label: string, n: number, lines = '', checkers = tcpCheck, port = 80): string {
  return `
    real_server 10.0.0.${n} ${port} {${
      label &&
      `
        notify_up "NOTE ${label} up ${n}"
        notify_down "NOTE ${label} down ${n} 'two words'"`
    }
        ${lines}
        ${checkers}
    }`;
}

export interface VirtualServerText {
  /** The virtual server in the notes; empty: it has no scripts, which are dear in the lab. */
  readonly label: string;
  readonly header: string;
  readonly lines: string;
  readonly blocks: readonly string[];
}

/** Checks are patient where the lab is slow; what they find out counts after one more attempt. */
export const virtualServers = {
  global: 'global_defs {\n    script_user root\n}\n',
  one: ({ label, header, lines, blocks }: VirtualServerText): string => `
virtual_server ${header} {
    delay_loop 2
    retry 1
    delay_before_retry 0.5
    connect_timeout 20
    ${header.startsWith('fwmark') ? '' : 'protocol TCP'}
    ${lines}${
      label &&
      `
    quorum_up "NOTE ${label} quorum_up"
    quorum_down "NOTE ${label} quorum_down 'two words'"`
    }${blocks.join('')}
}
`,
};
