/** What Mainstay makes of a configuration otherwise than keepalived 2.2.7, on purpose; docs/decisions/0017 has the reasons at length. */
import type { Moved } from './moved.js';
import type { Departure } from './world.js';

/** Those of the world of the fixtures, whose places are elsewhere in it. */
export function corpusDepartures(fixtures: readonly Moved[]): readonly Departure[] {
  const of = (name: string, ...services: readonly string[]) => {
    const moved = fixtures.find((one) => one.name === name);
    return services.map((service) => moved?.tableThere(service) ?? service);
  };
  return [
    {
      of: of('group-mixed', 'FWM  31'),
      why: 'servers come, go and change in a group with marks of both families: keepalived uses the port of the server for one mark',
    },
    {
      of: [...of('quorum-clamped', '192.0.2.1:80'), ...of('quorum-lost-sorry-inhibit', '192.0.2.1:80')],
      why: 'sorry_server_inhibit goes: keepalived leaves the sorry server in the table with weight 0',
    },
    {
      of: of('sorry-server', '192.0.2.1:80'),
      why: 'it gets uthreshold and lthreshold while its servers are up: keepalived leaves them as they were',
    },
  ];
}

export const reloadDepartures: readonly Departure[] = [
  {
    of: ['192.0.2.201:80', '192.0.2.203:80', '192.0.2.204:80', 'FWM  3', 'FWM  4', 'FWM  5'],
    why: 'a line is gone from a group: keepalived leaves its service in the table, at its stop too',
  },
  {
    of: ['192.0.2.212:80', 'FWM  6'],
    why: 'a line comes to a group whose sorry server serves: keepalived makes a service without a server',
  },
  {
    of: ['192.0.2.15:80', '192.0.2.16:80'],
    why: 'lvs_method of a server that is down changes: keepalived puts it in, and it stays in while its check fails',
  },
  {
    of: ['192.0.2.23:80'],
    why: 'sorry_server_inhibit goes: keepalived leaves the sorry server in the table with weight 0',
  },
  {
    of: ['replaced'],
    why: 'all servers are replaced by others that serve at once: keepalived runs quorum_down, and never quorum_up',
  },
  {
    of: ['192.0.2.17:80'],
    why: 'uthreshold and lthreshold of a server that is up change: keepalived leaves them as they were',
  },
  {
    of: ['sorry-changes'],
    why: 'the sorry server changes while there is no quorum: keepalived runs quorum_down once more',
  },
];

export const checkerDepartures: readonly Departure[] = [
  {
    of: ['alpha-and-down'],
    why: 'a server with alpha whose first probe fails: keepalived runs its notify_down, although it was down before',
  },
  {
    of: ['http', 'two-checkers', 'alpha-and-down'],
    why: 'it begins without quorum, because of alpha: keepalived runs quorum_down only where there is a sorry server',
  },
  {
    of: ['omega-script'],
    why: 'scripts of a stop, with omega: keepalived starts the same ones and ends them after a second, so they are not looked for',
  },
  {
    of: ['192.0.2.7:80'],
    why: 'what a regex finds may go on beyond the end of the page: keepalived does not find it',
  },
  {
    of: ['192.0.2.16:80', '192.0.2.17:80', '192.0.2.22:80', '192.0.2.26:80', 'misc-quorum'],
    why: 'a reload while a script of misc_dynamic exits with 0: keepalived gives the server weight 0 until the script exits otherwise',
  },
  {
    of: ['omega'],
    why: 'the check of a server that is down changes: keepalived puts it in, and takes it out when the new check fails',
  },
];
