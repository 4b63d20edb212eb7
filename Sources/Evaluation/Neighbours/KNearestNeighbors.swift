import Collectives
import Foundation
import Tensors

/// What classification by nearest neighbours gave.
public struct KNNResult: Equatable, Sendable {
  /// For every test row, its classes by score.
  public let predictions: Predictions
  /// `[test rows × k]`: indices of training rows, nearest first.
  public let neighbours: [Int]
  /// The neighbours that vote: what was asked for, or all training rows if they are fewer.
  public let k: Int

  /// Images whose class has the largest score, in percent.
  public var top1: Double { predictions.top1 }
  /// Images whose class has votes and is among the first min(5, k, classes) by score, in percent.
  public var top5: Double { predictions.top5 }
}

/// Classification of feature vectors by a weighted vote of their nearest neighbours.
///
/// Two protocols are usual: the nearest neighbour by Euclidean distance (Krishna et al., IMVIP 2022), and 20
/// neighbours by cosine similarity with weights e^(s/T), T = 0.07 (Wu et al., CVPR 2018). Among equally near
/// rows the one of lower index counts as nearer. Among equal scores the class of the nearer neighbour wins, then that of
/// lower label.
public enum KNearestNeighbors {
  public enum Metric: String, CaseIterable, Sendable {
    /// Rows are divided by their 2-norms; a neighbour's weight is e^(s/T), s the dot product.
    ///
    /// Votes are taken as e^((s − s₁)/T), s₁ that of the nearest: the same up to a common factor, and between 0 and 1 at
    /// every temperature.
    case cosine
    /// A neighbour's weight is 1 / (distance + 1e-5); the temperature is not used.
    case euclidean
  }

  /// Test rows that ranks look for neighbours of at one time: so many that preparing the training rows again for each
  /// block costs little.
  private static let testBlock = 8192

  /// Classifies test rows by training rows, both spread over the ranks; every rank calls it.
  ///
  /// Each rank searches its own training rows for the neighbours of all test rows, which travel in blocks; the rank
  /// that holds a test row merges what was found. So no rank holds more than its share of the rows and one block, and
  /// the result depends on no number of ranks.
  ///
  /// - Parameters:
  ///   - train, test: Labelled, all labels in 0 ..< `classCount`; there is at least one training row.
  ///   - k: At least 1; all training rows vote if there are fewer.
  ///   - temperature: T > 0.
  ///   - check: Called by every rank equally often; ends the classification by throwing on all of them.
  /// - Returns: nil on other ranks than 0.
  /// - Throws: `CollectiveError`; what `check` threw.
  public static func classify(
    train: LabelledRows, test: LabelledRows, classCount: Int, k: Int, metric: Metric, temperature: Double,
    on communicator: Communicator, pool: WorkerPool, check: () throws -> Void = {}
  ) throws -> KNNResult? {
    precondition(k > 0 && temperature > 0 && train.count > 0)
    precondition(
      (train.labels + test.labels).allSatisfy { 0..<classCount ~= $0 }, "a label is out of range")
    let k = min(k, train.count)
    let search = NeighbourSearch(FeatureRows(train.features, metric: metric), pool: pool)
    var neighbours: [Int] = []
    var ranked: [UInt32] = []
    for owner in 0..<communicator.worldSize {
      let share = test.shares[owner]
      for first in stride(from: share.lowerBound, to: share.upperBound, by: testBlock) {
        try check()
        let rows = first..<min(first + testBlock, share.upperBound)
        let block = try test.broadcast(rows, from: owner, on: communicator)
        let found = try search.nearest(to: FeatureRows(block, metric: metric), k: k)
        // Every rank brings equally many: lists that are too short are filled up with rows that are never taken.
        let own = found.flatMap { list in
          let known = list.map {
            Candidate(
              closeness: $0.closeness, row: Int64(train.share.lowerBound + $0.row),
              label: Int64(train.labels[$0.row]))
          }
          return known + Array(repeating: .none, count: k - known.count)
        }
        guard let all = try communicator.gather(own, to: owner) else { continue }
        for place in 0..<rows.count {
          var candidates: [Candidate] = []
          for rank in 0..<communicator.worldSize {
            let start = (rank * rows.count + place) * k
            candidates += all[start..<start + k]
          }
          let nearest = Array(candidates.sorted().prefix(k))
          neighbours += nearest.map { Int($0.row) }
          let scores: [Score] = votes(nearest, classCount: classCount, metric, temperature)
          ranked += Predictions.ranked(scores, isRanked: { $0.hasVotes })
        }
      }
    }
    // All ranks bring both, whoever gets them.
    let all = try communicator.gather(neighbours, to: 0)
    let predictions = try Predictions(ranking: ranked, labels: test.labels, classCount: classCount, depth: k)
      .gathered(on: communicator)
    guard let all, let predictions else { return nil }
    return KNNResult(predictions: predictions, neighbours: all, k: k)
  }

  /// A training row that may be among the nearest, as ranks tell each other.
  struct Candidate: Comparable, BitwiseCopyable {
    let closeness: Double
    /// Of all ranks' rows.
    let row: Int64
    let label: Int64

    /// Behind every row.
    static let none = Candidate(closeness: -.infinity, row: .max, label: 0)

    /// Nearest first.
    static func < (a: Candidate, b: Candidate) -> Bool { (b.closeness, a.row) < (a.closeness, b.row) }
  }

  /// What speaks for a class.
  struct Score: Comparable {
    /// The sum of its neighbours' weights; 0 also where all of them are too small for a number.
    var weight = 0.0
    /// Of its nearest neighbour, which decides between equal weights.
    var closeness = -Double.infinity

    /// Whether any neighbour with finite features is of this class.
    var hasVotes: Bool { closeness > -.infinity }

    static func < (a: Score, b: Score) -> Bool { (a.weight, a.closeness) < (b.weight, b.closeness) }
  }

  /// The score of every class.
  ///
  /// - Parameter nearest: Nearest first.
  static func votes(
    _ nearest: [Candidate], classCount: Int, _ metric: Metric, _ temperature: Double
  ) -> [Score] {
    var scores = [Score](repeating: Score(), count: classCount)
    for neighbour in nearest where neighbour.closeness > -.infinity {
      let weight =
        switch metric {
        case .cosine: exp((neighbour.closeness - nearest[0].closeness) / temperature)
        case .euclidean: 1 / ((-neighbour.closeness).squareRoot() + 1e-5)
        }
      let label = Int(neighbour.label)
      scores[label].weight += weight
      scores[label].closeness = max(scores[label].closeness, neighbour.closeness)
    }
    return scores
  }
}
