import Foundation
import TestSupport
import Testing

/// scripts/bench_peer.py, which scripts/bench-peer starts, with programs that only say how fast they are.
@Suite(.enabled(if: Tool.isInstalled("python3"), "python3 is not installed: bench-peer needs it"))
struct BenchPeerTests {
  /// Each start of sluice or of the peer takes the next of its speeds, and writes its name to a log.
  private func compare(
    sluice: [Double] = [60, 50, 70], peer: String = "speed(25, 20, 30)", _ options: String,
    _ body: (_ output: (status: Int32, result: String, errors: String), _ log: [String]) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let scripts = Script(name: "bench_peer.py", folder: folder)
      let source = Program.root.appendingPathComponent("scripts/bench_peer.py")
      try FileManager.default.copyItem(at: source, to: folder.appendingPathComponent("bench_peer.py"))
      let both = """
        import json, os, sys
        def speed(*speeds, parameters=7):
            words = " ".join(sys.argv[1:])
            log = open("\(folder.path)/log", "a+")
            log.seek(0)
            name = "peer bf16" if "--precision bf16" in words else "peer" if "--precision" in words else "sluice"
            number = sum(line.split(":")[0] == name for line in log)
            print(f"{name}: {words}", file=log)
            views = speeds[number]
            print("not the result")
            print(json.dumps(dict(
                views_per_s=views, step_ms=1000 / views, peak_rss_mb=10 * views, parameters=parameters,
                dense_macs=9, settings={}, version="v", torch="t")))

        """
      try scripts.write("simclr_peer.py", both + peer)
      try scripts.write("sluice.py", both + "speed(\(sluice.map { "\($0)" }.joined(separator: ", ")))")
      try scripts.install("sluice", "exec python3 \(folder.path)/sluice.py \"$@\"")
      let output = try Tool.run(
        ["python3", "bench_peer.py", "\(folder.path)/bin/sluice"] + words(options), in: folder)
      let log = (try? String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8)) ?? ""
      try body(output, log.split(separator: "\n").map(String.init))
    }
  }

  private func rows(_ result: String) throws -> [[String: Any]] {
    let object = try JSONSerialization.jsonObject(with: Data(result.utf8)) as? [String: Any]
    return try #require(object?["rows"] as? [[String: Any]])
  }

  @Test func bothAreStartedInTurnsWithTheSameWork() throws {
    try compare("--size 32 --rounds 3 --precision f32 --json -- --set kernels=direct") { output, log in
      try #require(output.status == 0, "\(output)")
      #expect(
        log.map { String($0.prefix { $0 != ":" }) } == ["sluice", "peer", "sluice", "peer", "sluice", "peer"])
      let work = "--size 32 --batch 64 --threads 1 --steps 3 --warmup 2"
      #expect(log.allSatisfy { $0.contains(work) }, "\(log)")
      #expect(log[0].hasSuffix("--set kernels=direct") && !log[1].contains("kernels"))
      let row = try #require(try rows(output.result).first)
      #expect(row["sluice_views_per_s"] as? Double == 60 && row["peer_views_per_s"] as? Double == 25)
      #expect(row["ratio"] as? Double == 2.4)
      #expect(row["sluice_peak_rss_mb"] as? Double == 600 && row["peer_peak_rss_mb"] as? Double == 250)
    }
  }

  /// Both sizes, both precisions, as a table.
  @Test func withoutOptionsTheSettingsOfTheGoalsAreCompared() throws {
    try compare(sluice: [60, 20], peer: "speed(30, 10)", "--rounds 1") { output, log in
      try #require(output.status == 0, "\(output)")
      #expect(
        log.map { $0.firstMatch(of: /--size (\d+) --batch (\d+)/).map { "\($0.1) \($0.2)" } }
          == Array(repeating: "32 64", count: 3) + Array(repeating: "224 16", count: 3))
      let table = output.result.split(separator: "\n").filter { $0.contains("eager") }
      #expect(table.count == 4)
      #expect(table.allSatisfy { $0.contains("  2.00  ") }, "\(output.result)")
    }
  }

  @Test func anotherNetworkIsNotCompared() throws {
    try compare(peer: "speed(25, parameters=8)", "--size 32 --rounds 1") { output, _ in
      #expect(output.status == 1 && output.result == "")
      #expect(
        output.errors == "bench-peer: the networks differ: parameters is 7 here and 8 in PyTorch\n")
    }
  }

  @Test func compilationMayFail() throws {
    let peer = "sys.exit('no compiler') if '--precision bf16' in ' '.join(sys.argv) else speed(25)"
    try compare(peer: peer, "--size 32 --rounds 1 --compile --json") { output, _ in
      #expect(output.status == 0)
      let rows = try rows(output.result)
      #expect(rows.map { $0["peer"] as? String } == ["f32 compiled"])
      #expect(output.errors.contains("bench-peer: compiled PyTorch failed in bf16: no compiler\n"))
    }
    try compare(peer: peer, "--size 32 --rounds 1") { output, _ in
      #expect(output.status == 1)
      #expect(output.errors == "bench-peer: PyTorch failed: no compiler\n")
    }
  }

  /// What a script says that compares with `peer`, and what sluice and the peer were given, if one program stands in for
  /// both: `words` are its arguments.
  private func outcome(
    of script: String, comparingWith peer: String, _ arguments: [String], program: String
  ) throws -> (output: (status: Int32, result: String, errors: String), log: [String]) {
    try withTemporaryFolder { folder in
      let scripts = Script(name: script, folder: folder)
      for name in ["bench_peer.py", script] {
        try FileManager.default.copyItem(
          at: Program.root.appendingPathComponent("scripts/\(name)"), to: folder.appendingPathComponent(name))
      }
      let both = """
        import json, sys
        words = " ".join(sys.argv[1:])
        print(words, file=open("\(folder.path)/log", "a"))
        \(program)

        """
      try scripts.write(peer, both)
      try scripts.write("sluice.py", both)
      try scripts.install("sluice", "exec python3 \(folder.path)/sluice.py \"$@\"")
      let output = try Tool.run(["python3", script, "\(folder.path)/bin/sluice"] + arguments, in: folder)
      try #require(output.status == 0, "\(output)")
      let log = try String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8)
      return (output, log.split(separator: "\n").map(String.init))
    }
  }

  /// The loader: sluice and both of torchvision's pipelines in turns, on the same number of images.
  @Test func loadersAreComparedOnTheSameImages() throws {
    let (output, log) = try outcome(
      of: "bench_peer_loader.py", comparingWith: "loader_peer.py",
      ["packed:p", "tree"] + words("--rounds 2 --images 50 --json -- --batch 10"),
      program: """
        images = 300 if "bench loader" in words else 60 if "--pipeline tensor" in words else 40
        print(json.dumps(dict(
            images_per_s=images, peak_rss_mb=1, version="v", torch="t", torchvision="u", decoder="d")))
        """)
    let round = [
      "bench loader packed:p --threads 1 --json --quiet --size 224 --images 50 --batch 10",
      "tree --pipeline tensor --size 224 --images 50", "tree --pipeline pil --size 224 --images 50",
    ]
    #expect(log == round + round)
    #expect(try rows(output.result).map { $0["ratio"] as? Double } == [5, 7.5])
  }

  /// Features: every way of sluice's against PyTorch's, where compiled PyTorch may fail.
  @Test func evaluationsAreComparedByBatchAndWay() throws {
    let (output, log) = try outcome(
      of: "bench_peer_infer.py", comparingWith: "infer_peer.py",
      words("--size 224 --rounds 2 --compile --json -- --checkpoint C"),
      program: """
        if "--compile" in words:
            sys.exit("no compiler")
        ways = dict(dense=40, masked=30, compact=90) if "bench infer" in words else dict(dense=20, masked=15)
        rows = [dict(batch=b, **{way: dict(images_per_s=b * v) for way, v in ways.items()}) for b in (1, 16)]
        print(json.dumps(dict(rows=rows, version="v", torch="t")))
        """)
    #expect(output.errors.contains("bench-peer: compiled PyTorch failed: no compiler\n"))
    let common = "--size 224 --density 0.3 --threads 1"
    let round = [
      "bench infer --batch 1,16 --rounds 5 \(common) --json --quiet --checkpoint C",
      "--passes 5 --batches 1 16 \(common)", "--passes 5 --batches 1 16 \(common) --compile",
    ]
    #expect(log == round + round.prefix(2))
    let rows = try rows(output.result)
    #expect(rows.map { $0["batch"] as? Int } == [1, 1, 1, 16, 16, 16])
    #expect(rows.map { $0["ratio"] as? Double } == [2, 2, 6, 2, 2, 6])
  }

  @Test func coresThatAreNotThereAreNotShared() throws {
    try compare("--threads 4000") { output, log in
      #expect(output.status == 1 && log == [])
      #expect(output.errors.hasPrefix("bench-peer: 4000 cores are needed, "), "\(output.errors)")
    }
  }
}
