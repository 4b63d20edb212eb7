import Foundation
import TestSupport
import Testing

@testable import Diagnosis
@testable import Machine
@testable import Provenance

@Suite struct DoctorReportTests {
  private func job(_ change: (Int, inout Environment) -> Void = { _, _ in }) -> [Environment] {
    var machine = FakeMachine.largeNode
    machine.worldSize = 16
    machine.variables["OMPI_COMM_WORLD_SIZE"] = "16"
    return (0..<16).map { rank in
      let domain = rank % 8
      return machine.environment(
        rank: rank, host: "node0\(rank / 8 + 1)", affinity: "\(domain * 16)-\(domain * 16 + 15)"
      ) { change(rank, &$0) }
    }
  }

  @Test func ranksThatAgreeShareALine() {
    let lines = DoctorReport(job(), fileSystem: nil).text.split(separator: "\n")
    #expect(lines.contains("  oneDNN        2.6.3, Winograd, avx512_core"))
    #expect(lines.contains("  host          ranks 0–7: node01"))
    #expect(lines.contains("                ranks 8–15: node02"))
    #expect(lines.contains("  affinity      ranks 0,8: 0-15 (16 cores of 128)"))
    #expect(lines.contains { $0.contains("none: nothing stands out") })
    #expect(!lines.contains { $0.hasPrefix("!") })
  }

  @Test func ranksThatShouldAgreeAreMarked() {
    let report = DoctorReport(
      job { rank, environment in if rank >= 8 { environment.sluice.swift = "6.4" } },
      fileSystem: nil)
    let lines = report.text.split(separator: "\n")
    #expect(lines.contains("! Sluice        ranks 0–7: 0.1.0 (645085b), Swift 6.3"))
    #expect(lines.contains("!               ranks 8–15: 0.1.0 (645085b), Swift 6.4"))
    #expect(report.isWrong)
  }

  @Test func manyGroupsAreCounted() {
    let lines = DoctorReport(job { $1.threads.affinity = "\($0)" }, fileSystem: nil).text
      .split(separator: "\n")
    #expect(lines.contains("                and 8 more (--json has all)"))
  }

  @Test func fitsInto80Columns() {
    let reports = [
      DoctorReport(job(), fileSystem: FileSystem(folder: "/scratch/u/runs", type: "lustre", free: 1)),
      DoctorReport([FakeMachine.container.environment()], fileSystem: nil),
      DoctorReport([FakeMachine.arm.environment()], fileSystem: nil),
    ]
    for report in reports {
      for line in report.text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }
  }

  @Test func theWorstComesFirst() {
    let report = DoctorReport(
      [
        FakeMachine.laptop.environment {
          $0.limits.openFiles = .value(10)
          $0.mpi.launchedTasks = 2
        }
      ], fileSystem: nil)
    #expect(report.findings.map(\.severity) == [.wrong, .risk, .slow])
  }

  @Test(arguments: [(45e-6, "45 µs", 0), (29.6e-3, "29.6 ms", 1)])
  func aSlowBarrierIsFound(seconds: Double, text: String, findings: Int) {
    let report = DoctorReport(job(), fileSystem: nil, barrierSeconds: seconds)
    #expect(report.text.contains("16 ranks on 2 hosts, a barrier takes \(text)"))
    #expect(report.findings.count == findings)
  }

  @Test func slowIsNotWrong() {
    #expect(!DoctorReport([FakeMachine.laptop.environment()], fileSystem: nil).isWrong)
    #expect(DoctorReport([FakeMachine.arm.environment()], fileSystem: nil).isWrong)
  }

  @Test func aFolderThatDoesNotExistIsLookedAtWhereItWillBe() throws {
    try withTemporaryFolder { (folder: URL) throws in
      let found = FileSystem(probing: folder.appendingPathComponent("runs/first").path)
      #expect(found.problem == nil)
      #expect(found.free ?? 0 > 0 && found.writeSeconds != nil)
      let left = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      #expect(left == [])
    }
    #expect(FileSystem(probing: "/proc/no/such/folder").problem?.hasPrefix("a file cannot be made: ") == true)
  }

  @Test(
    arguments: [
      ("/home/u/runs", Mount(point: "/home", type: "nfs4", options: ["rw", "relatime", "rw", "soft"])),
      ("/home", Mount(point: "/home", type: "nfs4", options: ["rw", "relatime", "rw", "soft"])),
      ("/homes", Mount(point: "/", type: "xfs", options: ["rw", "rw"])),
      ("/with space/x", Mount(point: "/with space", type: "lustre", options: ["ro", "rw"])),
      ("/dev/shm/x", Mount(point: "/dev/shm", type: "tmpfs", options: ["rw", "size=64k"])),
    ])
  func findsTheMountOfAPath(path: String, mount: Mount) {
    let info = """
      22 1 8:1 / / rw - xfs /dev/sda1 rw
      23 22 0:5 / /home rw,relatime shared:7 - nfs4 server:/home rw,soft
      24 22 0:6 / /with\\040space ro shared:8 master:1 - lustre mgs:/fs rw
      25 22 0:7 / /dev/shm rw - tmpfs old rw
      26 22 0:8 / /dev/shm rw - tmpfs tmpfs size=64k
      a line that is cut
      """
    #expect(Mount.holding(path, in: info) == mount)
    #expect(Mount.holding(path, in: "") == nil)
  }
}
