import Foundation
import Foundations
import Networks
import Pruning
import Tensors
import Training

/// What came of the rounds of pruning.
public struct PruningReport: Report, Sendable {
  struct Row: Equatable, Sendable {
    let round: Int
    let path: String
    let remaining: Int
    let prunable: Int
    /// SHA-256 of the mask's file in hexadecimal.
    let digest: String
    /// Top-1 in percent, of weighted k-NN and of the probe.
    let knn: Double?
    let probe: Double?
    /// Of the test images, as a share of the dense network's: what gates close. Zeros are multiplied.
    let macsShare: Double?
    /// Of the backbone, were its zeros neither multiplied nor stored.
    let sparse: SparseCost
    /// What its steps took.
    let seconds: Double?

    var share: Double { prunable == 0 ? 1 : Double(remaining) / Double(prunable) }
  }

  let rows: [Row]
  private let criterion: PruningCriterion

  init(_ rows: [Row], _ criterion: PruningCriterion) {
    self.rows = rows
    self.criterion = criterion
  }

  /// Reads what the rounds have written.
  ///
  /// - Parameter backbone: A network that masks are of.
  /// - Throws: `StudyError`, `SafetensorsError`, `PruningMaskError`.
  init(_ plan: PruningPlan, _ backbone: any Backbone) throws {
    criterion = plan.settings.criterion
    rows = try plan.rounds.map { round in
      let file = try SafetensorsFile(contentsOf: round.mask)
      let mask = try PruningMask(file)
      let run = try FoundRun(round.folder)
      return Row(
        round: round.number, path: round.folder.path, remaining: mask.remaining, prunable: mask.prunable,
        digest: file.digest, knn: run.knn, probe: run.probe, macsShare: run.macsShare,
        sparse: SparseCost(mask, of: backbone), seconds: run.seconds)
    }
  }

  public var text: String {
    let lines = TextTable(
      [
        .number("round"), .number("weights"), .number("share"), .number("k-NN in %"), .number("probe in %"),
        .number("MACs in %"), .number("kept MACs"), .number("sparse size"), .number("time"), .name("mask"),
      ],
      rows.map { row in
        [
          "\(row.round)", grouped(row.remaining), percent(100 * row.share, decimals: 2),
          row.knn.map { decimals($0, 2) } ?? "–", row.probe.map { decimals($0, 2) } ?? "–",
          row.macsShare.map { decimals(100 * $0, 1) } ?? "–",
          percent(100 * row.sparse.macsShare, decimals: 1),
          "\(decimals(Double(row.sparse.bytes) / 1e6, 2)) MB", row.seconds.map(durationText) ?? "–",
          String(row.digest.prefix(12)),
        ]
      }
    ).lines
    return (lines + ["", criterion.speedSentence]).joined(separator: "\n")
  }

  public var json: JSONValue {
    .object(["rounds": .list(rows.map { .object(keyed: Self.fields(of: $0)) })])
  }

  private static func fields(of row: Row) -> [(key: String, value: JSONValue)] {
    return [
      ("round", .integer(row.round)), ("path", .text(row.path)), ("remaining", .integer(row.remaining)),
      ("prunable", .integer(row.prunable)), ("share", .number(row.share)), ("mask", .text(row.digest)),
      ("knn", JSONValue(row.knn)), ("probe", JSONValue(row.probe)), ("macs_share", JSONValue(row.macsShare)),
      ("sparse_macs_share", .number(row.sparse.macsShare)), ("sparse_bytes", .integer(row.sparse.bytes)),
      ("seconds", JSONValue(row.seconds)),
    ]
  }

  /// A row a round.
  var csv: String { CSV(records: rows.map(Self.fields)).text }
}

extension PruningCriterion {
  /// What its masks are worth in time.
  var speedSentence: String {
    isStructured
      ? "Channels that are gone are still computed here: sluice export --compact leaves them out."
      : "Zeros are multiplied like other weights: no speed-up on this machine."
  }
}
