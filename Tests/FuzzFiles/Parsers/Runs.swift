import Collectives
import Configurations
import Foundation
import Foundations
import Machine
import Metrics
import Provenance
import Studies
import Training

extension FileParser {
  static let metrics = FileParser(
    "metrics", pace: 200,
    [
      """
      {"step": 1, "epoch": 0, "loss": 2.5, "objective": 2.4, "budget": 0.1, "bound": null, "macs_share": 0.5, "density": [0.5, null], "learning_rate": 0.1, "images_per_s": 10, "data_wait_share": 0.1, "communication_share": 0, "seconds": 1.5, "images_skipped": 0, "embedding_std": 1, "effective_rank": 3, "timestamp": 1764000000.5}
      {"step": 1, "epoch": 0, "evaluation": {"k": 200, "top1": 40.5, "top5": 80, "nearest_top1": 39, "macs_share": 0.5, "density": [0.5, 0.25]}, "probe": {"top1": 30}, "classifier": null, "timestamp": 1764000000}
      {"step": 2, "epoch": 0, "loss": 2.25, "objective": 2.2, "budget": 0, "bound": 0, "macs_share": 0.5, "density": [], "learning_rate": 0.1, "images_per_s": 10}

      """
    ], tokens: json + ["\n", "step", "epoch", "evaluation", "density", "top1"]
  ) { folder in
    let read = try inRun(folder, "metrics.jsonl")
    return { bytes in
      try read(bytes)
      _ = RecordedMetrics(contentsOf: "\(folder)/metrics.jsonl").gap
      _ = try LatestMetrics(endOf: "\(folder)/metrics.jsonl").training
      _ = try MetricsWriter(path: "\(folder)/copy.jsonl", resumedStep: 1).kept
    }
  }

  static let audits = FileParser(
    "audits", pace: 12_000,
    [
      """
      {"network": "9b92f21f", "ranks": 2, "seconds": 0.25, "step": 200}
      {"network": "16a5dc1a", "problem": "rank 1 on a and rank 0 on b", "ranks": 2, "seconds": 1, "step": 400}

      """
    ], tokens: json + ["\n", "step", "network", "ranks", "seconds", "problem"]
  ) { folder in
    { bytes in
      let path = "\(folder)/audits.jsonl"
      try write(bytes, to: path)
      _ = try StepRecordLog(AuditRecord.self, path: path, resumedStep: 300)
      _ = AuditRecord.all(in: path)
    }
  }

  static let rankTimes = FileParser(
    "ranks", pace: 200,
    [
      """
      {"ranks":[{"data_s":0.01,"host":"a","wait_s":0.5,"work_s":0.1},{"data_s":0,"host":"b","wait_s":0.4,"work_s":0.2}],"step":100,"steps":100}
      {"ranks":[{"data_s":0.01,"host":"a","wait_s":0.5,"work_s":0.1},{"data_s":0,"host":"b","wait_s":0.4,"work_s":0.1}],"step":150,"steps":50}

      """
    ], tokens: json + ["\n", "step", "steps", "ranks", "host", "work_s", "data_s", "wait_s", "1e308"]
  ) { folder in
    let read = try inRun(folder, "ranks.jsonl")
    return { bytes in
      try read(bytes)
      _ = try StepRecordLog(RankTimesRecord.self, path: "\(folder)/ranks.jsonl", resumedStep: 100)
    }
  }

  static let nonFinite = FileParser(
    "non-finite", pace: 50_000,
    [
      """
      {"batch_images": 4, "images": [{"index": 0, "name": "a.png"}, {"index": 7, "name": "b.png"}], "layer": "bn1", "step": 2}
      """
    ], tokens: json + ["batch_images", "images", "index", "name", "layer", "step"]
  ) { folder in
    let path = RunFolder(folder).nonFinite
    return { bytes in
      try write(bytes, to: path)
      _ = NonFiniteStep(contentsOf: path)?.imageWords
    }
  }

  static let evaluation = FileParser(
    "evaluation", pace: 200,
    [
      """
      {"step": 20, "epoch": 4, "evaluation": {"top1": 50}, "classes": ["a", "b"],
       "probe": {"top1": 50.5, "top5": 100, "confusion": [[3, 1], [0, 4]]},
       "gates": {"images": 8, "class_images": [4, 4], "class_macs_share": [0.5, null],
        "macs_share": {"mean": 0.5, "p5": 0.4, "p95": 0.6},
        "blocks": [{"name": "layer1.0", "gate": "layer1.0.gate", "channels": 2, "density": 0.5, "macs_share": 0.5,
         "never": 0, "sometimes": 1, "always": 1, "open": [8, 3], "open_by_class": [[4, 1], [4, 2]]}],
        "most": [{"name": "x.png", "class": "a", "macs_share": 0.6, "picture": "data:image/png;base64,AAAA"}],
        "fewest": [{"name": "y.png", "class": "b", "macs_share": 0.4}]}}
      """
    ], tokens: json + ["confusion", "open", "open_by_class", "blocks", "images", "1e308", "-1e308", "1e-308"]
  ) { folder in try inRun(folder, "evaluation.json") }

  static let environment = FileParser(
    name: "environment", pace: 200, seeds: environments,
    tokens: json + [
      "sessions", "ranks", "shards", "from_step", "last_step", "cores", "0-9999999999", "hosts",
    ]
  ) { folder in
    let read = try inRun(folder, "environment.json")
    return { bytes in
      try read(bytes)
      let history = try SessionHistory(Data(bytes))
      let sessions = history.readable
      for (old, new) in zip(sessions, sessions.dropFirst()) { _ = new.changes(since: old) }
      _ = (sessions.map(\.line), try history.data(), history.last(before: 10))
    }
  }

  private static let environments: [[UInt8]] = {
    let short = """
      {"sessions": [{"started_at": "2026-11-27T12:00:00Z", "from_step": 0, "last_step": 20, "ranks": 2}]}
      """
    var history = SessionHistory()
    for (step, ranks) in [(0, 1), (10, 3)] {
      guard let environment = try? Environment.gather(.alone(), threads: 1)[0] else { break }
      let session = Session(
        Array(repeating: environment, count: ranks), fromStep: step, lastStep: 20, dataSource: "shapes",
        kernels: "winograd", shards: 8, startedAt: Date(timeIntervalSince1970: 0))
      try? history.append(session)
    }
    return [Array(short.utf8)] + ((try? history.data()).map { [Array($0)] } ?? [])
  }()

  /// A run with other files as they should be; everything that looks at a run then looks at it.
  private static func inRun(_ folder: String, _ name: String) throws -> ([UInt8]) throws -> Void {
    let run = RunFolder(folder)
    try write(Array(Configuration(dataSource: "shapes").resolvedYAML.utf8), to: run.configuration)
    for parser in [("metrics.jsonl", "metrics"), ("environment.json", "environment")] where parser.0 != name {
      let seed = parser.1 == "metrics" ? metrics.seeds()[0] : environments[0]
      try write(seed, to: "\(folder)/\(parser.0)")
    }
    return { bytes in
      try write(bytes, to: "\(folder)/\(name)")
      _ = try WrittenReport(of: [run], to: "\(folder)/report.html")
      let details = try RunDetails(folder)
      _ = (details.text, details.json.line)
    }
  }

  static let holder = FileParser(
    "holder", pace: 20_000,
    [
      """
      {"process": {"host": "node1", "pid": 4711, "start": "1", "boot": "b", "pid_namespace": "n"},
       "since": "2026-11-27T12:00:00Z", "folder": "/tmp", "token": "t"}
      """
    ], tokens: json + ["process", "host", "pid", "folder", "\"/dev/zero\""]
  ) { folder in
    { bytes in
      try write(bytes, to: "\(folder)/\(FolderClaim.fileName)")
      let holding = try FolderClaim.holding(of: folder)
      _ = (holding.isAlive(at: 0), holding.holder?.words)
    }
  }
}
