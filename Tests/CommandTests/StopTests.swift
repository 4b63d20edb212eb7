import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// A signal stops all ranks after the step, with a checkpoint; the run then goes on as if nothing had happened.
  @Suite struct Stopping {
    /// Who gets the signal.
    enum Target: Sendable {
      case rank(Int)
      /// mpirun, which forwards SIGUSR1 and SIGUSR2 at once and ends the job at SIGTERM.
      case launcher
      /// `timeout`, which sends SIGTERM twice.
      case outermost

      func pid(in job: Job) throws -> pid_t {
        switch self {
        case .rank(let rank): try #require(job.ranks.dropFirst(rank).first)
        case .launcher: try #require(job.launcher)
        case .outermost: job.outermost
        }
      }
    }

    /// The only sentence about the stop.
    static func sentence(_ output: Program.Output) -> String? {
      let sentences = output.lines.filter { $0.contains("stopped as requested") || $0.hasPrefix("sluice: ") }
      return sentences.count == 1 ? sentences[0] : nil
    }

    /// The run that is interrupted below, without the interruption: an evaluation after every epoch of three steps.
    static let evaluated = Result {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("evaluate.every=1"))
        try #require(output.status == 0, "\(output)")
        return try small.metricsText()
      }
    }

    @Test(arguments: [
      (1, Target.rank(0), SIGTERM, 2), (1, .outermost, SIGTERM, 1), (1, .rank(0), SIGHUP, 1),
      (2, .launcher, SIGUSR1, 1), (2, .launcher, SIGUSR2, 1), (2, .rank(1), SIGINT, 4),
      (4, .rank(2), SIGUSR1, 2),
    ])
    func stopsAfterTheStepAndGoesOnWithTheSameBits(
      _ ranks: Int, _ target: Target, _ signal: Int32, ranksAfter: Int
    ) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let command = small.command("evaluate.every=1", "checkpoint.every=6")
        let hold = try Hold(beforeStep: 5, in: folder)
        defer { hold.release() }
        let job = try Job(command, ranks: ranks, environment: hold.environment)
        try job.wait { hold.isReached }
        kill(try target.pid(in: job), signal)
        // One that comes through the launcher is under way for a while; that it has come to rank 0 ends the hold.
        if case .rank = target { hold.release() }
        let stopped = try job.wait()
        #expect(stopped.status == 75, "\(stopped)")
        let sentence = try #require(Self.sentence(stopped), "\(stopped)")
        let match = try #require(sentence.firstMatch(of: #/after step (\d+): checkpoint (\S+);/#))
        let step = try #require(Int(match.1))
        #expect(
          sentence
            == "sluice: stopped as requested after step \(step): checkpoint \(small.checkpoint(step).path); "
            + "the same command resumes from there")
        #expect(small.hasCheckpoint(step) && (4..<SmallRun.steps).contains(step))
        #expect(try small.loggedSteps() == Array(1...step))

        let output = try Program.run(command, ranks: ranksAfter)
        try #require(output.status == 0, "\(output)")
        #expect(output.lines.contains("resuming from \(small.checkpoint(step).path), step \(step) of 20"))
        expectEqual(
          try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
        #expect(try small.metrics() == SmallRun.metrics(in: Self.evaluated.get()))
      }
    }

    /// As nohup starts it.
    @Test(arguments: [SIGHUP, SIGUSR2]) func whatWasToBeIgnoredIsNoRequest(signal: Int32) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 3, in: folder)
        defer { hold.release() }
        let job = try Job(
          small.command("max_steps=4"), environment: hold.environment, after: "trap '' HUP USR2")
        try job.wait { hold.isReached }
        kill(try Target.rank(0).pid(in: job), signal)
        hold.release()
        let output = try job.wait()
        #expect(output.status == 0 && small.hasCheckpoint(4), "\(output)")
      }
    }

    /// Comes while libraries are loaded: ranks that ended then, and while MPI starts, would have mpirun wait for ever.
    @Test(.enabled(if: Tool.isInstalled("clang"), "clang is not installed"), arguments: [1, 2])
    func aRequestThatComesFirstWaitsUntilItIsAnswered(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let environment = try Tool.preloading(
          """
          #define _GNU_SOURCE
          #include <errno.h>
          #include <signal.h>
          #include <string.h>
          __attribute__((constructor)) static void ask(void) {
            if (strcmp(program_invocation_short_name, "sluice") == 0) raise(SIGUSR1);
          }

          """, in: folder)
        let small = try SmallRun(in: folder)
        let stopped = try Program.run(small.command("max_steps=4"), ranks: ranks, environment: environment)
        #expect(stopped.status == 75, "\(stopped)")
        #expect(Self.sentence(stopped)?.contains("before the first step") == true, "\(stopped)")
        // What has nothing to finish ends by it.
        let shape = try Program.run(["macs", small.configuration.path], environment: environment)
        #expect(shape.status == SIGUSR1 && shape.result.isEmpty, "\(shape)")
      }
    }

    /// UCX takes SIGHUP for itself when it is loaded.
    @Test func aTerminalThatClosesEndsWhatHasNothingToFinish() throws {
      try withTemporaryFolder { folder in
        // Reading the configuration waits for whoever writes it.
        let configuration = folder.appendingPathComponent("fifo").path
        try #require(mkfifo(configuration, 0o600) == 0)
        let job = try Job(["macs", configuration], seconds: 30)
        var writer: Int32 = -1
        defer { close(writer) }
        try job.wait {
          writer = open(configuration, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
          return writer >= 0
        }
        kill(try Target.rank(0).pid(in: job), SIGHUP)
        let output = try job.wait()
        #expect(output.status == SIGHUP && output.errors.isEmpty, "\(output)")
      }
    }

    /// What became of a run that a signal came to in an evaluation.
    private func stop(
      _ command: [String], _ ranks: Int, _ target: Target, inEvaluationAfter step: Int, _ folder: URL
    ) throws -> Program.Output {
      let hold = try Hold(inEvaluationAfter: step, in: folder)
      defer { hold.release() }
      let job = try Job(command, ranks: ranks, environment: hold.environment)
      try job.wait { hold.isReached }
      kill(try target.pid(in: job), SIGUSR1)
      hold.release()
      return try job.wait()
    }

    /// An evaluation is abandoned, and made up for when the run goes on.
    @Test(arguments: [(1, Target.rank(0)), (2, .rank(1))])
    func abandonsAnEvaluation(_ ranks: Int, _ target: Target) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let command = small.command("max_steps=2")
        let before = try stop(command, ranks, target, inEvaluationAfter: 0, folder)
        #expect(before.status == 75)
        #expect(
          Self.sentence(before)
            == "sluice: stopped as requested before the first step: the same command starts over")
        #expect(try small.metrics().isEmpty)

        let after = try stop(command, ranks, target, inEvaluationAfter: 2, folder)
        #expect(after.status == 75)
        #expect(
          Self.sentence(after)?.hasPrefix("sluice: stopped as requested after step 2: checkpoint") == true)
        #expect(try small.metrics().count { $0["evaluation"] != nil } == 1)

        let third = try Program.run(command)
        try #require(third.status == 0, "\(third)")
        let elsewhere = folder.appendingPathComponent("other")
        try FileManager.default.createDirectory(at: elsewhere, withIntermediateDirectories: false)
        let other = try SmallRun(in: elsewhere)
        let whole = try Program.run(other.command("max_steps=2"))
        try #require(whole.status == 0, "\(whole)")
        expectEqual(try contents(of: small.checkpoint(2)), try contents(of: other.checkpoint(2)))
        #expect(try small.metrics() == other.metrics())
        #expect(try small.metrics().count { $0["evaluation"] != nil } == 2)
      }
    }

    /// A rank that hangs cannot take part: the second signal, a second later, ends the job.
    @Test func aSecondSignalEndsItAtOnce() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let hold = try Hold(beforeStep: 3, in: folder)
        defer { hold.release() }
        let job = try Job(small.command("max_steps=none"), ranks: 2, environment: hold.environment)
        try job.wait { hold.isReached }
        let ranks = job.ranks
        try #require(ranks.count == 2)
        kill(ranks[1], SIGSTOP)
        kill(ranks[0], SIGTERM)
        // Not for anything to happen: a second signal counts from a second after the first on.
        Thread.sleep(forTimeInterval: 1.2)
        #expect(job.isRunning, "the first signal is a request")
        kill(ranks[0], SIGTERM)
        let output = try job.wait()
        #expect(![0, 75, 124].contains(output.status), "\(output)")
        #expect(job.ranks.isEmpty)
        #expect(Self.sentence(output) == nil)
      }
    }

    /// The same command would begin elsewhere again.
    @Test func namesResumeAutoWhereTheCommandSaysOtherwise() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let job = try Job(small.command("max_steps=none") + ["--resume", "never"])
        try job.wait { (try? small.loggedSteps().count >= 2) ?? false }
        kill(try Target.rank(0).pid(in: job), SIGTERM)
        let output = try job.wait()
        #expect(output.status == 75)
        #expect(
          Self.sentence(output)?.hasSuffix("; the same command with --resume auto resumes from there") == true
        )
      }
    }
  }
}
