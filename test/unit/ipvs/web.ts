/** One virtual service with two real servers, as several tests of the kernel's table begin with: its text, its identity, its table. */
export const webId = { family: 4, protocol: 'tcp', address: '192.0.2.1', port: 80 } as const;

/** `lines`: of the virtual_server. */
export const web = (lines = '') => `
virtual_server 192.0.2.1 80 {
  protocol TCP
  ${lines}
  real_server 10.0.0.1 80 {
    TCP_CHECK {
    }
  }
  real_server 10.0.0.2 80 {
    TCP_CHECK {
    }
  }
}`;

/** With both servers up. */
export const webTable = (scheduler = 'wlc') =>
  `TCP  192.0.2.1:80 ${scheduler}\n  -> 10.0.0.1:80 Masq 1\n  -> 10.0.0.2:80 Masq 1\n`;
