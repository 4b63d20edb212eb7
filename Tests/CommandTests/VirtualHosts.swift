import Foundation
import TestSupport
import Testing

/// Hosts that scripts/virtual-cluster makes on this machine: node1, node2, …, and this machine beside them.
///
/// They are in namespaces of their own, with the network, mounts and processes: a cluster that somebody made is not seen.
/// The kernel takes all of it away with the first process there, which ends when nobody holds its standard input any
/// more, however the tests end.
final class VirtualHosts {
  private let room = Process()
  private let lifeline = Pipe()
  /// Holds what scripts write, and the runs.
  let folder: URL

  static let hostfile = "/run/sluice-virtual-cluster/hostfile"

  /// Whether this process may make hosts: root may, but not in every container.
  static let canBeMade =
    Tool.isInstalled("unshare") && Tool.isInstalled("nsenter") && (try? Tool.run(["ip", "-V"]).status) == 0
    && (try? withTemporaryFolder { try VirtualHosts(1, in: $0).close() }) != nil

  /// - Parameter rate: How fast their links are; nil: as memory.
  init(_ count: Int, rate: String? = nil, in folder: URL) throws {
    self.folder = folder
    room.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    room.arguments =
      words("unshare --net --mount --uts --pid --fork --kill-child --mount-proc bash -c")
      + [
        """
        set -e
        mkdir -p /etc/netns
        for folder in /run /etc/netns /dev/shm; do mount -t tmpfs tmpfs $folder; done
        ip link set lo up
        "$@" >/dev/null
        echo ready
        # To the end of standard input.
        read -r || true
        """, "room", Program.root.appendingPathComponent("scripts/virtual-cluster").path, "up", "\(count)",
      ] + (rate.map { ["--rate", $0] } ?? [])
    let output = Pipe()
    room.standardInput = lifeline
    room.standardOutput = output
    room.standardError = FileHandle.nullDevice
    try room.run()
    let said = try output.fileHandleForReading.read(upToCount: 6)
    if said != Data("ready\n".utf8) {
      close()
      throw Tool.Failed(words: room.arguments ?? [], errors: "hosts cannot be made")
    }
  }

  /// Takes the hosts away, with all that runs on them.
  func close() {
    try? lifeline.fileHandleForWriting.close()
    room.waitUntilExit()
  }

  /// The words that start a command on this machine, where the hosts can be seen.
  private var starter: [String] {
    let namespaces = "/proc/\(room.processIdentifier)/ns"
    return [
      "nsenter", "--net=\(namespaces)/net", "--mount=\(namespaces)/mnt", "--uts=\(namespaces)/uts",
      "--pid=\(namespaces)/pid_for_children", "--",
    ]
  }

  /// `scripts/NAME` on this machine, which reaches the hosts as by ssh.
  func script(_ name: String, in folder: URL) -> Script {
    let agent = Program.root.appendingPathComponent("scripts/virtual-cluster").path + " exec"
    // Ranks of all hosts share this machine's cores.
    return Script(
      name: name, folder: folder,
      environment: [
        "HOME": folder.path, "OMPI_MCA_plm_rsh_agent": agent, "OMPI_MCA_mpi_yield_when_idle": "1",
        // Processes are numbered anew here, and mpirun does not start where one of its number left its folder.
        "TMPDIR": "/run", "OMPI_MCA_orte_tmpdir_base": "/run",
      ], starter: starter)
  }

  /// Does to a host what `scripts/virtual-cluster` does.
  func virtualCluster(_ words: String...) throws {
    let output = try withTemporaryFolder { try script("virtual-cluster", in: $0).run(words) }
    try #require(output.status == 0, "\(output)")
  }

  /// Starts the program on the hosts of `hostfile` with scripts/launch, which `options` are for.
  func launch(
    _ arguments: [String], options: [String], hostfile: String = VirtualHosts.hostfile, hold: Hold? = nil,
    whileRunning: (Process) throws -> Void = { _ in }
  ) throws -> Program.Output {
    // What a login would not have: the hold, and what chooses OpenBLAS's kernels for the spread of projections.
    let environment = (hold?.environment ?? [:]).merging(
      ProcessInfo.processInfo.environment.filter { $0.key.hasPrefix("OPENBLAS_") }
    ) { $1 }
    return try script("launch", in: folder).run(
      ["--hostfile", hostfile, "--network", "10.98.76.0/24"] + options
        + ["env"] + environment.map { "\($0)=\($1)" } + [Program.path] + arguments,
      whileRunning: whileRunning)
  }

  /// The name of this machine, beside the hosts.
  func ownName() throws -> String {
    try Tool.run(["uname", "-n"]).result.trimmingCharacters(in: .newlines)
  }

  /// - Returns: The path of a hostfile with these lines.
  func writeHostfile(_ lines: [String]) throws -> String {
    let file = folder.appendingPathComponent("hostfile")
    try lines.map { "\($0)\n" }.joined().write(to: file, atomically: true, encoding: .utf8)
    return file.path
  }

  /// Whether the launch that runs has said this.
  func hasSaid(_ text: String) -> Bool {
    (try? String(contentsOf: folder.appendingPathComponent("errors"), encoding: .utf8).contains(text))
      ?? false
  }

  /// The names of what runs on any host, or on this machine for them.
  func programs() throws -> [String] {
    let listed = try Tool.run(starter + ["ps", "-e", "-o", "comm="])
    try #require(listed.status == 0, "\(listed)")
    return listed.result.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
      .filter { ["sluice", "mpirun", "orted", "prted", "prterun", "launch"].contains($0) }.sorted()
  }
}

/// Calls `body` with so many hosts, which are gone afterwards.
func withVirtualHosts<Result>(
  _ count: Int, rate: String? = nil, _ body: (VirtualHosts) throws -> Result
) throws -> Result {
  try withTemporaryFolder { folder in
    let hosts = try VirtualHosts(count, rate: rate, in: folder)
    defer { hosts.close() }
    return try body(hosts)
  }
}
