import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// Contract C5: the kernel kills a rank for want of memory.
  @Suite(.enabled(if: MemoryGroup.canBeMade, "limiting the memory of a control group needs root"))
  struct OutOfMemory {
    @Test func aRankThatTheKernelKilledIsToldAndTheJobGoesOn() throws {
      try withTemporaryFolder { folder in
        let group = try MemoryGroup(megabytes: 250)
        defer { group.remove() }
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 8, in: folder)
        defer { hold.release() }
        let launch = Script(
          name: "launch", folder: folder, environment: hold.environment, starter: group.starter)
        let errors = folder.appendingPathComponent("errors")
        let output = try launch.run(
          ["-n", "2", "--restarts", "1", Program.path] + small.command("checkpoint.every=3")
        ) { process in
          try wait(for: process) { hold.isReached }
          try group.starve()
          // The other rank ends though nobody has released it.
          try wait(for: process) {
            try String(contentsOf: errors, encoding: .utf8).contains("starting it again")
          }
          hold.release()
          try wait(for: process) { hold.isReached }
          hold.release()
        }
        #expect(output.status == 0, "\(output)")
        let said = output.errors.split(separator: "\n").filter { $0.hasPrefix("launch: ") }.dropFirst()
        // The kernel may take both, of which none tells the step that it was in then.
        let expected = [(1, "in step 8"), (2, "in step 8"), (2, "after step 7")].map { killed, place in
          [
            "launch: the kernel killed \(killed) process(es) of the job for want of memory: give ranks more, or start fewer on a node",
            "launch: the job failed \(place) of \(small.run.path) (exit code 137): starting it again in 1 s (1 of 1)",
          ]
        }
        #expect(expected.contains(said.map(String.init)), "\(output)")
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
      }
    }

    private func wait(for process: Process, until condition: () throws -> Bool) throws {
      let end = Date().addingTimeInterval(60)
      while try !condition() {
        try #require(process.isRunning && Date() < end, "nothing happened")
        Thread.sleep(forTimeInterval: 0.005)
      }
    }
  }
}
