import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// What is said on standard error while a command works.
  @Suite struct Progress {
    @Test(arguments: [1, 2]) func quietTrainingSaysNothingButItsResult(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let noWarmup = "schedule.warmup_epochs=0"
        let output = try Program.run(small.command("max_steps=2", noWarmup) + ["--quiet"], ranks: ranks)
        #expect(output.status == 0 && output.lines == [], "\(output)")
        #expect(output.result.hasPrefix("k-NN top-1: "))
        let again = try Program.run(small.command("max_steps=3", noWarmup) + ["-q", "--json"], ranks: ranks)
        #expect(again.lines == [], "\(again)")
        #expect(try again.object()["steps"] as? Int == 3)
      }
    }

    @Test func quietTrainingStillWarns() throws {
      try withTemporaryFolder { folder in
        let files = try BadInputFiles(in: folder)
        let output = try Program.run(
          files.finished.command(
            "max_steps=1", "schedule.warmup_epochs=0", "data.source=cifar10:\(folder.path)/few")
            + ["--quiet", "--run", folder.path + "/new"])
        #expect(output.status == 0, "\(output)")
        #expect(output.lines.count == 1 && output.lines.allSatisfy { $0.hasPrefix("warning: cifar10: ") })
      }
    }

    @Test(arguments: [1, 2]) func aLogHasPlainLines(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("evaluate.every=1"), ranks: ranks)
        #expect(output.status == 0, "\(output)")
        #expect(!output.errors.unicodeScalars.contains { $0 == "\r" || $0 == "\u{1B}" })
        let steps = output.lines.filter { $0.hasPrefix("epoch ") }
        #expect(steps.first?.contains("  step 1/\(SmallRun.steps)  loss ") == true)
        #expect(steps.last?.contains("  step \(SmallRun.steps)/\(SmallRun.steps)  loss ") == true)
        // Before training, after each of six epochs of three steps, and at the end.
        #expect(output.lines.count { $0.contains(" k-NN ") } == 8, "\(output.lines)")
        // However few lines there are, the metrics have every step.
        #expect(try small.loggedSteps() == Array(1...SmallRun.steps))
      }
    }

    @Test(arguments: [1, 2]) func aBarCanBeForced(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(
          small.command("max_steps=6") + ["--progress", "bar"], ranks: ranks,
          environment: ["COLUMNS": "60", "LC_ALL": "C"])
        #expect(output.status == 0, "\(output)")
        let draws = draws(in: output.errors)
        #expect(draws.contains { $0.contains(/^  0 % \[ +\] -:--:-- left  evaluating/) }, "\(draws)")
        #expect(draws.contains { $0.contains("saving a checkpoint") })
        #expect(draws.last?.hasPrefix("100 % [####") == true)
        #expect(draws.allSatisfy { $0.count == 59 && $0.allSatisfy(\.isASCII) }, "\(draws)")
        #expect(output.errors.hasSuffix("\u{1B}[K\n"))
      }
    }

    /// Whether mpirun passes on whole lines only, as from Open MPI 5 on.
    private static let waitsForLines =
      (try? Tool.run(["mpirun", "--version"]).result.contains(/Open MPI\) [5-9]/)) ?? false

    /// Also where mpirun stands between: it forwards what ranks write to its terminal.
    @Test(arguments: [1, 2]) func aTerminalHasABarOfItsWidth(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let terminal = try PseudoTerminal(columns: 50)
        let output = try Program.run(
          small.command("max_steps=2"), ranks: ranks,
          environment: ["LC_ALL": "C.UTF-8", "TERM": "xterm"], errors: terminal.secondary)
        #expect(output.status == 0)
        let text = try terminal.text()
        guard ranks == 1 || !Self.waitsForLines else {
          #expect(!text.contains("\u{1B}") && text.contains("step 2/2"), "\(text)")
          return
        }
        let draws = draws(in: text)
        #expect(draws.last?.hasPrefix("100 % [█") == true, "\(draws)")
        #expect(draws.allSatisfy { $0.count == 49 }, "\(draws)")
      }
    }

    @Test(arguments: [("auto", "dumb"), ("lines", "xterm")])
    func aTerminalCanHaveLines(style: String, type: String) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let terminal = try PseudoTerminal(columns: 50)
        let output = try Program.run(
          small.command("max_steps=2") + ["--progress", style], environment: ["TERM": type],
          errors: terminal.secondary)
        #expect(output.status == 0)
        let text = try terminal.text()
        #expect(!text.contains("\u{1B}") && text.contains("step 2/2"), "\(text)")
      }
    }

    @Test func anErrorStandsBelowTheBar() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(
          small.command("optimizer.learning_rate=1e30", "schedule.warmup_epochs=0") + ["--progress", "bar"])
        #expect(output.status == 1)
        #expect(output.errors.contains("\u{1B}[K\nsluice: step 2: "), "\(output.errors)")
      }
    }

    @Test func evaluationShowsItsProgress() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        try #require(try Program.run(small.command("max_steps=1")).status == 0)
        let command = words(
          "evaluate knn --checkpoint \(small.run.path)/checkpoints/latest --data shapes:50x31")
        let lines = try Program.run(command).lines
        #expect(lines.last?.hasPrefix("features of 81 images: 100 %, ") == true, "\(lines)")
        #expect(try Program.run(command + ["--quiet"]).lines == [])
        let bar = try Program.run(command + ["--progress", "bar"], environment: ["COLUMNS": "70"]).errors
        #expect(draws(in: bar).last?.contains("] 0:00:00 left  features of 81 images") == true, "\(bar)")
      }
    }

    /// The bars that were drawn, without what moves the cursor.
    private func draws(in text: String) -> [String] {
      text.split(whereSeparator: \.isNewline).map(String.init)
        .filter { $0.hasSuffix("\u{1B}[K") && $0.contains(" % [") }.map { String($0.dropLast(3)) }
    }
  }
}
