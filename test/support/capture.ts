/**
 * Captures a LAN at its switch and has tshark decode it: the packets of VRRP as data, and every complaint of tshark about
 * packets of one host (malformed, wrong checksum, any expert warning).
 */
import { Background, run } from './command.js';

/** tshark leaves checksums of IP headers alone by default. An address that moves between hosts is no duplicate here. */
const preferences = ['-o', 'ip.check_checksum:TRUE', '-o', 'arp.detect_duplicate_ips:FALSE'];

/** A VRRP advert as tshark reads it. */
export interface SeenAdvert {
  /** Seconds since the epoch, by the kernel that captured. */
  readonly at: number;
  readonly source: string;
  readonly destination: string;
  readonly mac: string;
  readonly hopLimit: number;
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  readonly addresses: readonly string[];
}

/** A gratuitous ARP or an unsolicited neighbour advertisement. */
export interface SeenAnnouncement {
  readonly at: number;
  readonly mac: string;
  readonly address: string;
}

export class Capture {
  private constructor(
    readonly file: string,
    private readonly tcpdump: Background,
  ) {}

  /** Captures everything that crosses the switch, into `file`. At once: what waits in a ring at the end would be lost. */
  static async start(lan: { readonly switchNamespace: string }, file: string, filter = ''): Promise<Capture> {
    const args = [
      'netns',
      'exec',
      lan.switchNamespace,
      'tcpdump',
      '-i',
      'br0',
      '--immediate-mode',
      '-U',
      '-n',
      '-Z',
      'root',
      '-w',
      file,
    ];
    const tcpdump = new Background('ip', filter === '' ? args : [...args, filter]);
    await tcpdump.saw(/listening on/, 10_000);
    return new Capture(file, tcpdump);
  }

  /** Ends the capture; the file is complete afterwards. */
  async stop(): Promise<void> {
    await this.tcpdump.stop('SIGINT', 5_000);
  }

  adverts(): Promise<SeenAdvert[]> {
    return readAdverts(this.file);
  }

  announcements(): Promise<SeenAnnouncement[]> {
    return readAnnouncements(this.file);
  }

  /** What tshark holds against the packets sent from `mac`; empty when all is well. */
  complaints(mac: string): Promise<string[]> {
    return readComplaints(this.file, mac);
  }
}

/** Rows of a capture: the packets that match `filter`, the named fields of each. */
export async function fields(file: string, filter: string, names: readonly string[]): Promise<string[][]> {
  const wanted = names.flatMap((name) => ['-e', name]);
  const args = [
    '-n',
    '-r',
    file,
    ...preferences,
    '-Y',
    filter,
    '-T',
    'fields',
    '-E',
    'separator=/t',
    '-E',
    'occurrence=a',
    ...wanted,
  ];
  const text = await run('tshark', args);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
}

async function readAdverts(file: string): Promise<SeenAdvert[]> {
  const names = ['frame.time_epoch', 'ip.src', 'ipv6.src', 'ip.dst', 'ipv6.dst', 'eth.src', 'ip.ttl', 'ipv6.hlim'];
  const vrrp = ['vrrp.version', 'vrrp.virt_rtr_id', 'vrrp.prio', 'vrrp.ip_addr', 'vrrp.ipv6_addr'];
  const rows = await fields(file, 'vrrp && !icmp && !icmpv6', [...names, ...vrrp]);
  return rows.map((row) => {
    const [at, source4, source6, destination4, destination6, mac, ttl, hopLimit, version, vrid, priority, list4, list6] = row;
    return {
      at: Number(at),
      source: source4 || source6 || '',
      destination: destination4 || destination6 || '',
      mac: mac ?? '',
      hopLimit: Number(ttl || hopLimit),
      version: Number(version),
      vrid: Number(vrid),
      priority: Number(priority),
      addresses: (list4 || list6 || '').split(',').filter(Boolean),
    };
  });
}

async function readAnnouncements(file: string): Promise<SeenAnnouncement[]> {
  const names = ['frame.time_epoch', 'eth.src', 'arp.src.proto_ipv4', 'icmpv6.nd.na.target_address'];
  const filter = 'arp.isgratuitous == 1 || (icmpv6.type == 136 && ipv6.dst == ff02::1)';
  const rows = await fields(file, filter, names);
  return rows.map(([at, mac, arp, na]) => ({ at: Number(at), mac: mac ?? '', address: arp || na || '' }));
}

/** Expert severities of tshark: comment 1 M, chat 2 M, note 4 M, warning 6 M, error 8 M (1 M = 0x100000). */
const warning = 0x600000;

async function readComplaints(file: string, mac: string): Promise<string[]> {
  const filter = `eth.src == ${mac} && (_ws.expert || _ws.malformed || vrrp.checksum.status == 0)`;
  const names = ['frame.number', '_ws.expert.severity', '_ws.expert.message', '_ws.malformed', 'frame.protocols'];
  const rows = await fields(file, filter, names);
  return rows
    .filter(([, severities = '', , malformed = '']) => malformed !== '' || worst(severities) >= warning || severities === '')
    .map(
      ([frame, , message, malformed, protocols]) => `frame ${frame} (${protocols}): ${message || malformed || 'bad checksum'}`,
    );
}

function worst(severities: string): number {
  return Math.max(0, ...severities.split(',').map(Number));
}
