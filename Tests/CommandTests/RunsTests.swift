import Foundation
import TestSupport
import Testing

extension CommandLineTests {
  /// `sluice runs`.
  @Suite struct LookingAtRuns {
    private static func runs(below folder: URL, _ options: String...) throws -> [[String: Any]] {
      let output = try Program.run(["runs", folder.path, "--json"] + options)
      #expect(output.status == 0 && output.lines == [], "\(output)")
      return try #require(try output.object()["runs"] as? [[String: Any]])
    }

    /// From its first second to its end.
    @Test func aRunsStateIsThatOfItsJob() throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        #expect(try Self.runs(below: folder).isEmpty)
        let command = small.command("max_steps=5", "checkpoint.every=2")
        let hold = try Hold(beforeStep: 4, in: folder)
        defer { hold.release() }
        let job = try Job(command, environment: hold.environment)
        try job.wait { hold.isReached }
        func only() throws -> [String: Any] {
          let runs = try Self.runs(below: folder)
          return try #require(runs.count == 1 ? runs[0] : nil)
        }
        let training = try only()
        #expect(training["path"] as? String == small.run.path && training["state"] as? String == "training")
        #expect(training["step"] as? Int == 3 && training["steps"] as? Int == 5)
        #expect(training["checkpoint_step"] as? Int == 2 && training["seconds_left"] is Double)
        #expect(training["knn"] is NSNull && training["macs_share"] is Double)
        kill(try #require(job.ranks.first), SIGKILL)
        _ = try job.wait()
        #expect(try only()["state"] as? String == "orphaned")
        #expect(try Program.run(command).status == 0)
        let finished = try only()
        #expect(finished["state"] as? String == "finished" && finished["step"] as? Int == 5)
        #expect(finished["knn"] is Double && finished["seconds"] is Double)
        // More is planned: it has stopped on the way there.
        let stop = try Hold(beforeStep: 7, in: folder.appendingPathComponent("run"))
        defer { stop.release() }
        let more = try Job(small.command("max_steps=9", "checkpoint.every=2"), environment: stop.environment)
        try more.wait { stop.isReached }
        kill(try #require(more.ranks.first), SIGTERM)
        stop.release()
        #expect(try more.wait().status == 75)
        let stopped = try only()
        #expect(stopped["state"] as? String == "stopped" && stopped["steps"] as? Int == 9)
        #expect(try #require(stopped["seconds"] as? Double) > finished["seconds"] as? Double ?? .infinity)
      }
    }

    @Test(arguments: [1, 2]) func runsAreListedShownAndExported(ranks: Int) throws {
      try withTemporaryFolder { folder in
        let small = try SmallRun(in: folder)
        let trained = try Program.run(small.command("max_steps=2"))
        try #require(trained.status == 0, "\(trained)")
        let list = try Program.run(
          ["runs", folder.path, "--best", "knn", "--where", "gates.target=0.50"], ranks: ranks)
        let lines = list.result.split(separator: "\n").map(String.init)
        #expect(lines.map { $0.prefix { $0 != " " } } == ["run", "run", "1"], "\(list)")
        #expect(lines[1].contains("finished   2/2") && lines[2] == "1 run below \(folder.path): 1 finished")
        let none = try Program.run(["runs", folder.path, "--where", "state=stopped"], ranks: ranks)
        #expect(none.status == 0 && none.result == "none of the 1 run below \(folder.path) is so\n")

        let shown = try Program.run(["runs", "show", small.run.path, "--json"], ranks: ranks).object()
        #expect((shown["evaluations"] as? [Any])?.count == 2 && (shown["sessions"] as? [Any])?.count == 1)
        let values = try #require(shown["configuration"] as? [String: Any])
        #expect(values["network.width"] as? Int == 8)
        #expect((shown["not_default"] as? [String])?.contains("network.width") == true)
        let text = try Program.run(["runs", "show", small.run.path], ranks: ranks).result
        #expect(text.contains("\n  network.width: 8\n") && !text.contains("network.depth"))

        let file = folder.appendingPathComponent("runs.csv")
        let exported = try Program.run(["runs", "export", folder.path, "--output", file.path], ranks: ranks)
        #expect(exported.status == 0 && exported.lines == ["1 run written to \(file.path)"], "\(exported)")
        #expect(try String(contentsOf: file, encoding: .utf8).hasPrefix("path,state,step,steps,"))
      }
    }

    @Test(arguments: [
      ("FOLDER/none", 1, "sluice: FOLDER/none: cannot be read: No such file or directory"),
      ("FOLDER --best kn", 1, "sluice: --best kn: there is no such measure; did you mean 'knn'?"),
      (
        "FOLDER --where gates.targets=1", 1,
        "sluice: --where gates.targets=1: there is no key 'gates.targets'; did you mean 'gates.target'?"
      ),
      (
        "show FOLDER", 1,
        "sluice: FOLDER is not the folder of a run: that holds config.yaml, and environment.json or metrics.jsonl"
      ),
      (
        "export FOLDER --output FOLDER/no/x.csv", 1,
        "sluice: FOLDER/no/x.csv: cannot be written: No such file or directory"
      ),
      ("export FOLDER --output x.txt", 64, "Error: --output must end in .csv or .json, got 'x.txt'."),
    ])
    func mistakesAreAnsweredWithOneSentence(options: String, status: Int32, sentence: String) throws {
      try withTemporaryFolder { folder in
        let command = ["runs"] + words(options.replacing("FOLDER", with: folder.path))
        for ranks in [1, 2] {
          let output = try Program.run(command, ranks: ranks)
          #expect(output.status == status)
          let first = output.lines.first?.replacing(#/^sluice: rank 0 on \S+: /#, with: "sluice: ")
          #expect(first == sentence.replacing("FOLDER", with: folder.path), "\(output)")
          #expect(status == 64 || output.lines.count == 1, "\(output)")
        }
      }
    }
  }
}
