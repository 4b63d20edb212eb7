import Evaluation
import Foundation
import Foundations
import Metrics
import Networks
import Pruning
import Tensors

/// What came of a study of pruning, as far as it has been made.
public struct PruneStudyReport: Sendable {
  /// A network that was re-trained on labels.
  struct Row: Sendable {
    let source: MaskSource
    let seed: UInt64
    let round: Int
    let schedule: TrainingSchedule
    let path: String
    /// Weights that remain, of the prunable ones; nil: its mask has not been found.
    let share: Double?
    /// MACs of the weights that remain as a share of the dense network's, where zeros are not multiplied.
    let sparseMACsShare: Double?
    /// Top-1 in percent of its classifier and of weighted k-NN; nil: it has not finished.
    let top1: Double?
    let knn: Double?
    /// Of the test images, as a share of the dense network's: what gates close.
    let macsShare: Double?
    /// What its steps took.
    let seconds: Double?
  }

  /// Linear classifiers on one layer of a frozen network.
  struct Transfer: Sendable {
    let source: MaskSource
    let seed: UInt64
    let round: Int
    let share: Double?
    let layer: String
    /// Percent.
    let top1: Double
  }

  /// Masks of two sources after the same rounds.
  struct Overlap: Sendable {
    let sources: [MaskSource]
    let seed: UInt64
    let round: Int
    /// Of one layer; nil: of all.
    let layer: String?
    let overlap: MaskOverlap
  }

  /// Mean shares of weights that remain and of their MACs, by the plan's rounds.
  let shares: [Double?]
  let sparseMACsShares: [Double?]
  let rounds: [Int]
  let sources: [MaskSource]
  let schedules: [TrainingSchedule]
  let criterion: PruningCriterion
  let transferName: String?
  let rows: [Row]
  let transfers: [Transfer]
  let overlaps: [Overlap]

  init(
    rounds: [Int], sources: [MaskSource], schedules: [TrainingSchedule], criterion: PruningCriterion,
    transferName: String?, rows: [Row],
    transfers: [Transfer], overlaps: [Overlap]
  ) {
    self.rounds = rounds
    self.sources = sources
    self.schedules = schedules
    self.criterion = criterion
    self.transferName = transferName
    self.rows = rows
    self.transfers = transfers
    self.overlaps = overlaps
    func means(_ value: (Row) -> Double?) -> [Double?] {
      rounds.map { round in
        MeanAndSpread(ofAny: rows.filter { $0.round == round }.compactMap(value))?.mean
      }
    }
    (shares, sparseMACsShares) = (means(\.share), means(\.sparseMACsShare))
  }

  /// Reads what the study has written so far.
  ///
  /// - Parameter backbone: A network that masks are of.
  /// - Throws: `SafetensorsError`, `PruningMaskError` where a mask is damaged.
  init(_ plan: PruneStudyPlan, _ backbone: any Backbone) throws {
    let subnetworks = plan.chains.flatMap(\.subnetworks)
    var masks: [String: PruningMask] = [:]
    for path in Set(subnetworks.map(\.mask)) where FileManager.default.fileExists(atPath: path) {
      masks[path] = try PruningMask(SafetensorsFile(contentsOf: path))
    }
    let transfers = plan.chains.flatMap { chain in
      chain.pruning.rounds.filter { plan.rounds.contains($0.number) }.flatMap { round -> [Transfer] in
        let kept = plan.transferFile(chain, round: round.number).flatMap(RecordedEvaluation.init(contentsOf:))
        return (kept?.result["layers"]?.elements ?? []).compactMap { layer in
          guard let name = layer["name"]?.string, let top1 = layer["top1"]?.double else { return nil }
          return Transfer(
            source: chain.source, seed: chain.seed, round: round.number, share: masks[round.mask]?.share,
            layer: name, top1: top1)
        }
      }
    }
    self.init(
      rounds: plan.rounds, sources: plan.sources, schedules: plan.schedules, criterion: plan.criterion,
      transferName: plan.transferName,
      rows: subnetworks.map { Row($0, masks[$0.mask], backbone) }, transfers: transfers,
      overlaps: Self.overlaps(
        subnetworks.filter { $0.schedule == plan.schedules[0] && $0.source != .reinitialized }, masks))
  }

  /// Of each two sources with the same seed and round.
  private static func overlaps(
    _ subnetworks: [PruneStudyPlan.Subnetwork], _ masks: [String: PruningMask]
  ) -> [Overlap] {
    subnetworks.enumerated().flatMap { index, one in
      subnetworks[(index + 1)...].flatMap { other -> [Overlap] in
        guard one.seed == other.seed, one.round == other.round, one.round > 0,
          let mask = masks[one.mask], let its = masks[other.mask]
        else { return [] }
        func overlap(_ layer: String?, _ overlap: MaskOverlap) -> Overlap {
          Overlap(
            sources: [one.source, other.source], seed: one.seed, round: one.round, layer: layer,
            overlap: overlap)
        }
        return [overlap(nil, mask.overlap(with: its))]
          + mask.overlaps(with: its).map { overlap($0.layer, $0.overlap) }
      }
    }
  }

  // MARK: Means over seeds

  /// Re-trained networks' top-1 in percent.
  func accuracy(_ source: MaskSource, _ schedule: TrainingSchedule, round: Int) -> [Double] {
    rows.filter { $0.source == source && $0.schedule == schedule && $0.round == round }.compactMap(\.top1)
  }

  /// Linear classifiers' top-1 in percent.
  func transfer(_ source: MaskSource, layer: String, round: Int) -> [Double] {
    transfers.filter { $0.source == source && $0.layer == layer && $0.round == round }.map(\.top1)
  }

  func overlap(_ sources: [MaskSource], layer: String?, round: Int) -> [MaskOverlap] {
    overlaps.filter { $0.sources == sources && $0.layer == layer && $0.round == round }.map(\.overlap)
  }

  /// In the order in which they were found.
  var pairs: [[MaskSource]] { unique(overlaps.map(\.sources)) }
  /// Of frozen networks.
  var stages: [String] { unique(transfers.map(\.layer)) }
  /// Of masks.
  var layers: [String] { unique(overlaps.compactMap(\.layer)) }

  private func unique<Value: Hashable>(_ values: [Value]) -> [Value] {
    var seen: Set<Value> = []
    return values.filter { seen.insert($0).inserted }
  }

  /// Shares of weights as column titles.
  var shareNames: [String] {
    zip(rounds, shares).map { $1.map { percent(100 * $0, decimals: 1) } ?? "round \($0)" }
  }
}

extension PruneStudyReport.Row {
  fileprivate init(
    _ subnetwork: PruneStudyPlan.Subnetwork, _ mask: PruningMask?, _ backbone: any Backbone
  ) {
    (source, seed, round) = (subnetwork.source, subnetwork.seed, subnetwork.round)
    (schedule, path) = (subnetwork.schedule, subnetwork.folder.path)
    share = mask?.share
    sparseMACsShare = mask.map { SparseCost($0, of: backbone).macsShare }
    let run = try? FoundRun(subnetwork.folder)
    let result = run?.state == .finished ? run : nil
    (top1, knn, seconds) = (result?.classifier, result?.knn, result?.seconds)
    macsShare = result?.macsShare
  }
}
