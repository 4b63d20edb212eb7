import Collectives

/// The classes that a classifier holds most likely for each of some images, and what the images really are.
public struct Predictions: Equatable, Sendable {
  /// How many classes are ranked.
  public static let depth = 5
  /// In place of a class where fewer are ranked.
  static let none = UInt32.max

  /// `[images × depth]`, likeliest first.
  let ranking: [UInt32]
  public let labels: [Int]
  public let classCount: Int

  /// - Parameters:
  ///   - ranking: `[images × depth]`; at least the first is a class.
  ///   - labels: The class of each image.
  ///   - depth: How many of the ranked classes count.
  init(ranking: [UInt32], labels: [Int], classCount: Int, depth: Int = depth) {
    precondition(ranking.count == labels.count * Self.depth && classCount < Int(Self.none))
    self.labels = labels
    self.classCount = classCount
    self.ranking =
      depth >= Self.depth
      ? ranking : ranking.enumerated().map { $0.offset % Self.depth < depth ? $0.element : Self.none }
  }

  /// From the output of a classifier: one logit a class for each image.
  ///
  /// - Parameters:
  ///   - logits: `[images × classes]`.
  ///   - labels: The class of each image.
  public init(logits: FeatureMatrix, labels: [Int]) {
    let classes = logits.dimension
    self.init(
      ranking: (0..<logits.rows).flatMap { Self.ranked(logits.values[$0 * classes..<($0 + 1) * classes]) },
      labels: labels, classCount: classes)
  }

  /// Those of all ranks' images, in rank order, on rank 0; nil on others. Every rank calls it.
  ///
  /// - Throws: `CollectiveError`.
  public func gathered(on communicator: Communicator) throws -> Predictions? {
    let all = (
      ranking: try communicator.gather(ranking, to: 0), labels: try communicator.gather(labels, to: 0)
    )
    guard let ranking = all.ranking, let labels = all.labels else { return nil }
    return Predictions(ranking: ranking, labels: labels, classCount: classCount)
  }

  /// The likeliest class of every image.
  public var classes: [Int] { labels.indices.map { Int(ranking[$0 * Self.depth]) } }

  /// Whether the likeliest class is the right one, for every image.
  public var hits: [Bool] { zip(classes, labels).map { $0 == $1 } }

  /// Whether the right class is among the ranked ones, for every image.
  public var hitsOfFive: [Bool] {
    labels.enumerated().map { image, label in
      ranking[image * Self.depth..<(image + 1) * Self.depth].contains(UInt32(label))
    }
  }

  /// Images whose likeliest class is the right one, in percent; 0 of none.
  public var top1: Double { Self.percent(hits) }
  /// Images whose class is among the five likeliest, in percent.
  public var top5: Double { Self.percent(hitsOfFive) }

  /// How often images of a class (first index) were taken for another (second).
  public var confusion: [[Int]] {
    var counts = [[Int]](repeating: Array(repeating: 0, count: classCount), count: classCount)
    for (predicted, label) in zip(classes, labels) { counts[label][predicted] += 1 }
    return counts
  }

  private static func percent(_ hits: [Bool]) -> Double {
    Double(100 * hits.count { $0 }) / Double(max(hits.count, 1))
  }

  /// The classes of an image by score, `depth` of them: highest first, of equal ones that of lower label.
  ///
  /// - Parameter isRanked: Whether a score may stand behind the first.
  static func ranked<Score: Comparable>(
    _ scores: some RandomAccessCollection<Score>, isRanked: (Score) -> Bool = { _ in true }
  ) -> [UInt32] {
    var best: [(score: Score, label: Int)] = []
    for (label, score) in scores.enumerated() {
      guard best.count < depth || best[best.count - 1].score < score else { continue }
      // Behind those that are not smaller, as they have lower labels.
      let place = best.firstIndex { $0.score < score } ?? best.count
      best.insert((score, label), at: place)
      if best.count > depth { best.removeLast() }
    }
    var result = best.enumerated().map {
      $0.offset == 0 || isRanked($0.element.score) ? UInt32($0.element.label) : none
    }
    result += Array(repeating: none, count: depth - result.count)
    return result
  }
}
