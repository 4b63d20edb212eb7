import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// What a run writes for people and other programs to look at.
  @Suite struct Logs {
    /// A run of 20 steps that logs each, is killed after step 5 and goes on from step 3; on two ranks.
    private func withResumedRun(_ body: (SmallRun) throws -> Void) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let command = small.command("checkpoint.every=3", "evaluate.every=1")
        let hold = try Hold(beforeStep: 6, in: folder)
        defer { hold.release() }
        let job = try Job(command, ranks: 2, environment: hold.environment)
        try job.wait { hold.isReached }
        for rank in job.ranks { kill(rank, SIGKILL) }
        _ = try job.wait()
        let output = try Program.run(command, ranks: 2)
        try #require(output.status == 0, "\(output)")
        try body(small)
      }
    }

    /// A run of two steps, with an evaluation before and after.
    private func withShortRun(_ body: (SmallRun, URL) throws -> Void) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let output = try Program.run(small.command("max_steps=2"))
        try #require(output.status == 0, "\(output)")
        try body(small, folder)
      }
    }

    private static func events(of small: SmallRun) throws -> [String] {
      try FileManager.default.contentsOfDirectory(atPath: small.run.path).filter {
        $0.hasPrefix("events.out.tfevents.")
      }
    }

    @Test func everySessionHasAFileOfEventsAndTheTableHasEveryStep() throws {
      try withResumedRun { small in
        #expect(try Self.events(of: small).count == 2)
        let text = try String(contentsOf: small.run.appendingPathComponent("metrics.csv"), encoding: .utf8)
        let rows = text.split(separator: "\n").map {
          $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        let loss = try #require(rows[0].firstIndex(of: "loss"))
        #expect(rows.dropFirst().filter { !$0[loss].isEmpty }.map { $0[0] } == (1...20).map { "\($0)" })
        #expect(rows[0].contains("density/layer4.1"))
        #expect(rows.count - 1 == (try small.metrics()).count, "a row for each line")
        expectEqual(try contents(of: small.checkpoint(SmallRun.steps)), try SmallRun.uninterrupted(.simclr))
        try Self.expectTensorBoardReadsOneRun(small)
      }
    }

    /// Steps 4 and 5 were written by both sessions. Without TensorBoard: passes.
    private static func expectTensorBoardReadsOneRun(_ small: SmallRun) throws {
      guard Tool.hasPythonPackage("tensorboard") else {
        print("the Python package tensorboard is not installed: that it reads events is not tested")
        return
      }
      let program = """
        import json, sys
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        run = EventAccumulator(sys.argv[1], size_guidance={k: 0 for k in ("scalars", "images", "histograms")})
        run.Reload()
        print(json.dumps(dict(
            losses=[(e.step, e.value) for e in run.Scalars("loss/total")],
            evaluated=[e.step for e in run.Scalars("evaluation/top1")],
            densities=[t for t in run.Tags()["scalars"] if t.startswith("gates/density/")],
            channels=[e.histogram_value.num for e in run.Histograms("evaluation/channels/layer4.1")],
            usage=[e.step for e in run.Images("evaluation/usage")],
            views=[(e.step, e.width, e.encoded_image_string[1:4].decode()) for e in run.Images("views")])))
        """
      let output = try Tool.run(["python3", "-c", program, small.run.path])
      try #require(output.status == 0, "\(output.errors)")
      let found = try #require(
        JSONSerialization.jsonObject(with: Data(output.result.utf8)) as? [String: Any])
      let losses = try #require(found["losses"] as? [[Double]])
      let expected = try small.metrics().compactMap { line in
        (line["loss"] as? Double).map { [line["step"] as? Double ?? -1, $0] }
      }
      #expect(losses.map { $0[0] } == (1...20).map(Double.init) && expected.count == 20)
      #expect(zip(losses, expected).allSatisfy { $0[0] == $1[0] && abs($0[1] - $1[1]) < 1e-6 })
      #expect(found["evaluated"] as? [Int] == [0, 3, 6, 9, 12, 15, 18, 20])
      #expect((found["densities"] as? [String])?.count == 8)
      #expect(found["channels"] as? [Int] == [Int](repeating: 64, count: 8))
      let views = try #require(found["views"] as? [[Any]])
      #expect(views.map { $0[0] as? Int } == [1, 4] && views.allSatisfy { $0[2] as? String == "PNG" })
      #expect(found["usage"] as? [Int] == [0, 3, 6, 9, 12, 15, 18, 20])
    }

    @Test(.enabled(if: Tool.hasPythonPackage("wandb, yaml"), "the Python package wandb is not installed"))
    func wandbTakesARun() throws {
      try withShortRun { small, folder in
        let script = Script(name: "import_wandb.py", folder: folder, environment: ["WANDB_SILENT": "true"])
        let output = try script.run([small.run.path])
        #expect(
          output.status == 0 && output.result.hasPrefix("3 steps; send them with: wandb sync "), "\(output)")
        let runs = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/wandb")
        #expect(runs.contains { $0.hasPrefix("offline-run-") })
      }
    }

    @Test(.enabled(if: Tool.hasPythonPackage("trackio, yaml"), "the Python package trackio is not installed"))
    func trackioTakesARun() throws {
      try withShortRun { small, folder in
        let script = Script(
          name: "import_trackio.py", folder: folder, environment: ["TRACKIO_DIR": folder.path + "/trackio"])
        let output = try script.run([small.run.path, "--project", "p"])
        #expect(output.status == 0 && output.result.contains("3 steps; look at them with:"), "\(output)")
        let query =
          "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute("
          + "'select count(*), min(step), max(step) from metrics').fetchall())"
        let rows = try Tool.run(["python3", "-c", query, folder.path + "/trackio/p.db"])
        #expect(rows.result == "[(3, 0, 2)]\n", "\(rows)")
      }
    }

    @Test(
      .enabled(if: Tool.isInstalled("python3"), "python3 is not installed: the import scripts need it"),
      arguments: ["import_wandb.py", "import_trackio.py"])
    func importingWhatIsNoRunIsOneSentence(name: String) throws {
      try withTemporaryFolder { folder in
        let output = try Script(name: name, folder: folder).run([folder.path])
        #expect(output.status == 1)
        #expect(
          output.errors == "\(name): \(folder.path) is not the folder of a run: it holds no metrics.jsonl\n")
      }
    }
  }
}
