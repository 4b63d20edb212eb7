import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// What scripts/launch makes of jobs of the program that fail.
  @Suite struct Restarting {
    private func launch(_ folder: URL, _ environment: [String: String] = [:]) -> Script {
      Script(name: "launch", folder: folder, environment: environment)
    }

    /// The ranks of a run in this folder, whoever started them.
    private func ranks(_ small: SmallRun) throws -> [pid_t] {
      try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }.filter { pid in
        let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline") ?? Data()
        let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return words.first == Program.path && words.contains(small.run.path)
      }.sorted()
    }

    private func wait(until condition: () throws -> Bool) throws {
      let end = Date().addingTimeInterval(60)
      while try !condition() {
        try #require(Date() < end, "nothing happened")
        Thread.sleep(forTimeInterval: 0.005)
      }
    }

    /// Of this script: mpirun's notices of one start may be cut short, and those of the next begin in the middle.
    private func lines(_ output: Program.Output, _ prefix: String = "launch: ") -> [String] {
      output.errors.split(separator: "\n").map(String.init).filter { $0.hasPrefix(prefix) }
    }

    /// Has the script find a launcher that does this and then stays, whatever it is asked; and a minute be short.
    private func install(launcher body: String, for script: Script) throws {
      try script.install("sleep", "exec /bin/sleep 0.01")
      try script.install(
        "mpirun",
        "[[ $1 == --version ]] && { echo 'Open MPI'; exit; }; trap '' TERM; \(body); "
          + "while :; do /bin/sleep 0.1; done")
    }

    /// Contract C2: as if nothing had happened.
    @Test func aJobThatLostARankEndsWithTheBitsOfOneThatDidNot() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 6, in: folder)
        defer { hold.release() }
        let command = [Program.path] + small.command("checkpoint.every=2")
        let output = try launch(folder, hold.environment).run(["-n", "2", "--restarts", "1"] + command) { _ in
          try wait { hold.isReached }
          kill(try #require(ranks(small).last), SIGKILL)
          let errors = folder.appendingPathComponent("errors")
          try wait { try String(contentsOf: errors, encoding: .utf8).contains("starting it again") }
          hold.release()
          // The second start comes by the same place.
          try wait { hold.isReached }
          hold.release()
        }
        #expect(output.status == 0, "\(output)")
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
        #expect(
          lines(output).dropFirst() == [
            "launch: signal 9 (SIGKILL) ended a process of the job; the launcher's message names it",
            "launch: the job failed in step 6 of \(small.run.path) (exit code 137): starting it again in 1 s (1 of 1)",
          ])
        // From step 4, or from 5 where the other rank still had time for a checkpoint when it was asked to end.
        #expect(lines(output, "resuming from ").count == 1, "\(output)")
      }
    }

    /// A value that overflows does so again.
    @Test(arguments: [1, 2]) func theSameStepFailsTwiceAtMost(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let command =
          [Program.path] + small.command("optimizer.learning_rate=1e30", "schedule.warmup_epochs=0")
        let output = try launch(folder).run(["-n", "\(ranks)", "--restarts", "5"] + command)
        #expect(output.status == 1)
        let place = ranks == 1 ? "after step 1" : "in step 2"
        #expect(
          lines(output).dropFirst() == [
            "launch: the job failed \(place) of \(small.run.path) (exit code 1): starting it again in 1 s (1 of 5)",
            "launch: giving up: the job failed twice \(place) of \(small.run.path) (exit code 1)",
          ], "\(output)")
      }
    }

    @Test(
      arguments: [
        (
          ["no-such.yaml"], Int32(1),
          "the job is not started again: it failed before its run began, and would again"
        ),
        (["--no-such-option"], 64, nil),
      ] as [([String], Int32, String?)])
    func mistakesAreNotRepeated(words: [String], status: Int32, sentence: String?) throws {
      try withTemporaryFolder { folder in
        let output = try launch(folder).run(
          ["-n", "1", "--restarts", "2", Program.path, "pretrain"] + words)
        #expect(output.status == status, "\(output)")
        #expect(lines(output).dropFirst() == (sentence.map { ["launch: \($0)"] } ?? [])[...], "\(output)")
      }
    }

    @Test func theTimeLimitStopsWithACheckpoint() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let command = [Program.path] + small.command("max_steps=none", "epochs=1000000")
        let output = try launch(folder).run(["-n", "2", "--time-limit", "5s", "--restarts", "2"] + command)
        #expect(output.status == 75, "\(output)")
        #expect(
          lines(output).dropFirst() == ["launch: the time limit is reached: asking the ranks to stop"],
          "\(output)")
        let latest = small.run.appendingPathComponent("checkpoints/latest").path
        #expect(FileManager.default.fileExists(atPath: latest))
      }
    }

    /// A launcher that ends, or is ended, without its ranks: none may go on.
    @Test func noProcessOfTheJobIsLeft() throws {
      try withTemporaryFolder { folder in
        let script = launch(folder)
        try script.install(
          "mpirun",
          "[[ $1 == --version ]] && { echo 'Open MPI'; exit; }; sleep 1000 & echo $! > stray; exit 3")
        let output = try script.run(["-n", "1", "true"])
        #expect(output.status == 3)
        #expect(
          lines(output).dropFirst() == [
            "launch: 1 process(es) of the job were left on this machine and have been killed"
          ], "\(output)")
        let stray = try String(contentsOf: folder.appendingPathComponent("stray"), encoding: .utf8)
        let pid = try #require(pid_t(stray.trimmingCharacters(in: .newlines)))
        // It may be a zombie that nobody has asked for its exit code.
        let environment = FileManager.default.contents(atPath: "/proc/\(pid)/environ") ?? Data()
        #expect(environment.isEmpty)
      }
    }

    /// As where the network to a host is cut: mpirun waits for it, whatever becomes of its ranks.
    @Test func aLauncherThatDoesNotNoticeTheEndIsEnded() throws {
      try withTemporaryFolder { folder in
        let script = launch(folder)
        try install(launcher: "echo why > $SLUICE_JOB/failed", for: script)
        let output = try script.run(["-n", "1", "true"])
        #expect(output.status == 1, "\(output)")
      }
    }

    /// Open MPI 4.1's mpirun may wait for ever where ranks end while they connect to it.
    @Test func aLauncherThatDoesNotSeeARankEndIsEnded() throws {
      try withTemporaryFolder { folder in
        let script = launch(folder)
        try install(
          launcher: "bash -c 'echo $$ $(readlink /proc/self/ns/pid) > $SLUICE_JOB/started'", for: script)
        let output = try script.run(["-n", "1", "true"])
        #expect(output.status == 128 + SIGKILL, "\(output)")
        #expect(
          lines(output).dropFirst() == [
            "launch: a rank on this machine ended, which mpirun did not notice for 10 seconds: it was ended"
          ], "\(output)")
      }
    }

    /// The ranks have told what they end with, and nothing of the job is heard any more.
    @Test func aLauncherThatStaysAfterItsRanksIsEnded() throws {
      try withTemporaryFolder { folder in
        let script = launch(folder)
        try install(launcher: "echo 75 > $SLUICE_JOB/ended", for: script)
        let output = try script.run(["-n", "1", "--restarts", "2", "true"])
        #expect(output.status == 75, "\(output)")
      }
    }
  }
}
