/** @mainstay/core: the plugin host, the hook bus, the configuration pipeline, lanes and Linux ports. */

export { contentKey } from './checks/content.js';
export { HostChecks } from './checks/host-checks.js';
export { CheckLoop, type LoopOptions } from './checks/loop.js';
export {
  type AskedCheck,
  type CheckersMessage,
  type CheckMessage,
  type CheckNews,
  type CheckOrder,
  unpackOrder,
} from './checks/orders.js';
export type { RunnableChecker } from './checks/probe.js';
export type { Departed, RoutineFacts, RoutineQuestion, Routines, RunningRoutine } from './checks/routines.js';
export { type Planned, Schedule } from './checks/schedule.js';
export { judge, type Standing, standingAtStart } from './checks/standing.js';
export { ConfigRegistry, loadConfig, loadKeepalivedText } from './config/index.js';
export { PackedTreeError } from './config/packed/format.js';
export { type PackedTree, packTree, partOfTree, unpackTree, wordsOf } from './config/packed/packed-tree.js';
export { askDaemon, type ControlReply, followDaemon } from './control/client.js';
export { type Controlled, controlRoutes } from './control/routes.js';
export { serveControl } from './control/server.js';
export * from './hooks/index.js';
export * from './host/index.js';
export { BoundedSender } from './lanes/bounded-sender.js';
export { Lane, type LaneHost } from './lanes/lane.js';
export { type FromLane, type LaneSetup, type PlannedPlugin, type ToLane, toSend } from './lanes/messages.js';
export { openPorts } from './lanes/open-ports.js';
export { type Candidate, isSamePlan, type LanePlan, planLanes } from './lanes/plan.js';
export { declareSchema, recording } from './lanes/schema-only.js';
export { Attribution, describeStray, maySurvive } from './lanes/stray.js';
export { systemClock } from './lanes/system-clock.js';
export { type Delivery, datagramSender } from './log/datagram.js';
export { fileWriter, inheritedWriter } from './log/descriptors.js';
export { consoleLine, journalLine, jsonLine, syslogDatagram } from './log/format.js';
export { LineBuffer } from './log/line-buffer.js';
export { LineCutter } from './log/line-cutter.js';
export { Logger } from './log/logger.js';
export { openLogger } from './log/open-logger.js';
export type { LogRecord } from './log/record.js';
export * from './plugins/index.js';
export { ClockPacemaker } from './ports/clock-pacemaker/index.js';
export * from './ports/host/index.js';
export type { ActionOutcome } from './supervisor/actions.js';
export { Backoff } from './supervisor/backoff.js';
export { runDaemon } from './supervisor/daemon.js';
export { EventQueue } from './supervisor/event-queue.js';
export { forkLane, type LaneProcess, type LaneProcessListener, type SpawnLane } from './supervisor/lane-process.js';
export { LeaseGate } from './supervisor/lease-gate.js';
export { daemonOf, orphanOf, removePid, writePid } from './supervisor/pid-file.js';
export { prepare } from './supervisor/prepare.js';
export { type PrepareReply, replyTo } from './supervisor/prepare-process.js';
export { hasErrors, type OnOutlook, type Outlook, type Prepared, type PrepareRequest } from './supervisor/prepared.js';
export { makePrivateDirectory, writeAtomically } from './supervisor/private-files.js';
export { lackingFor } from './supervisor/privileges.js';
export type { ReloadOutcome } from './supervisor/reload.js';
export type { DaemonReport } from './supervisor/report.js';
export { Router } from './supervisor/router.js';
export { Supervisor, type SupervisorOptions } from './supervisor/supervisor.js';
export { systemdNotifier } from './supervisor/systemd.js';
