import Evaluation
import Foundation
import Foundations

extension PruneStudyReport: Report {
  public var text: String {
    let tables: [(title: String, table: TextTable?)] = [
      ("re-trained on labels: top-1 in %, by weights that remain", accuracyTable),
      ("linear classifiers on frozen features, \(transferName ?? ""): top-1 in %", transferTable),
      ("weights that masks share: intersection over union in %, in brackets by chance", overlapTable),
    ]
    let parts = tables.compactMap { title, table in table.map { ([title] + $0.lines).joined(separator: "\n") }
    }
    return (parts + notes).joined(separator: "\n\n")
  }

  private var accuracyTable: TextTable {
    TextTable(
      [.name("masks from")] + (hasSchedules ? [.name("schedule")] : []) + shareNames.map { .number($0) }
        + [.number("time")],
      sources.flatMap { source in
        schedules.map { schedule in
          let times = rows.filter { $0.source == source && $0.schedule == schedule }.compactMap(\.seconds)
          return [source.description] + (hasSchedules ? [schedule.name] : [])
            + rounds.map { cell(accuracy(source, schedule, round: $0)) }
            + [MeanAndSpread(ofAny: times).map { durationText($0.mean) } ?? "–"]
        }
      } + [
        ["MACs of them"] + (hasSchedules ? [""] : [])
          + sparseMACsShares.map { $0.map { percent(100 * $0, decimals: 1) } ?? "–" } + [""]
      ])
  }

  private var hasSchedules: Bool { schedules.count > 1 }

  private var transferTable: TextTable? {
    guard !transfers.isEmpty else { return nil }
    return TextTable(
      [.name("network"), .name("layer")] + shareNames.map { .number($0) },
      sources.flatMap { source in
        stages.filter { stage in transfers.contains { $0.source == source && $0.layer == stage } }.map {
          stage in
          [source.description, stage] + rounds.map { cell(transfer(source, layer: stage, round: $0)) }
        }
      })
  }

  private var overlapTable: TextTable? {
    guard !pairs.isEmpty else { return nil }
    return TextTable(
      [.name("masks of")] + shareNames.map { .number($0) },
      pairs.map { pair in
        [pair.map(\.description).joined(separator: ", ")]
          + rounds.map { round in
            let overlaps = overlap(pair, layer: nil, round: round)
            guard let share = MeanAndSpread(ofAny: overlaps.map(\.share)),
              let chance = MeanAndSpread(ofAny: overlaps.map(\.chance))
            else { return "–" }
            return "\(decimals(100 * share.mean, 1)) (\(decimals(100 * chance.mean, 1)))"
          }
      })
  }

  private func cell(_ values: [Double]) -> String { MeanAndSpread(ofAny: values)?.text(decimals: 1) ?? "–" }

  private var notes: [String] {
    let open = rows.count { $0.top1 == nil }
    let isSpread = Set(rows.map(\.seed)).count > 1
    return
      (isSpread
      ? ["mean ± standard deviation over seeds; time of one re-training"] : ["time of one re-training"])
      + [criterion.speedSentence]
      + (open > 0
        ? ["\(counted(open, "network")) \(form(of: "is", for: open, plural: "are")) not re-trained yet"] : [])
  }

  // MARK: JSON and CSV

  public var json: JSONValue {
    func list(_ records: [[(key: String, value: JSONValue)]]) -> JSONValue {
      .list(records.map { .object(keyed: $0) })
    }
    return .object([
      "retrained": list(rows.map(\.fields)), "transfer": list(transfers.map(\.fields)),
      "overlap": list(overlaps.map(\.fields)),
    ])
  }

  /// Writes `study.json`, a table of each kind and the page with the figures.
  ///
  /// - Throws: `UnwritableFile`.
  func write(to folder: String) throws(UnwritableFile) {
    let files = [
      "study.json": json.line + "\n", "retrained.csv": CSV(records: rows.map(\.fields)).text,
      "transfer.csv": CSV(records: transfers.map(\.fields)).text,
      "overlap.csv": CSV(records: overlaps.map(\.fields)).text, "study.html": PruneStudyPage(self).html,
    ]
    for (name, text) in files.sorted(by: { $0.key < $1.key }) {
      try DurableFiles.replace("\(folder)/\(name)", by: Data(text.utf8))
    }
  }
}

/// What all records begin with.
private func fields(seed: UInt64, round: Int) -> [(key: String, value: JSONValue)] {
  [("seed", JSONValue(seed: seed)), ("round", .integer(round))]
}

extension PruneStudyReport.Row {
  var fields: [(key: String, value: JSONValue)] {
    [("source", .text(source.description))] + Studies.fields(seed: seed, round: round) + [
      ("share", JSONValue(share)), ("sparse_macs_share", JSONValue(sparseMACsShare)),
      ("schedule", .text(schedule.name)), ("path", .text(path)),
      ("top1", JSONValue(top1)), ("knn", JSONValue(knn)), ("macs_share", JSONValue(macsShare)),
      ("seconds", JSONValue(seconds)),
    ]
  }
}

extension PruneStudyReport.Transfer {
  var fields: [(key: String, value: JSONValue)] {
    [("source", .text(source.description))] + Studies.fields(seed: seed, round: round) + [
      ("share", JSONValue(share)), ("layer", .text(layer)), ("top1", .number(top1)),
    ]
  }
}

extension PruneStudyReport.Overlap {
  var fields: [(key: String, value: JSONValue)] {
    [("sources", .text(sources.map(\.description).joined(separator: " ")))]
      + Studies.fields(seed: seed, round: round) + [
        ("layer", layer.map(JSONValue.text) ?? .null), ("overlap", .number(overlap.share)),
        ("chance", .number(overlap.chance)),
      ]
  }
}
