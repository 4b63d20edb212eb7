import Foundations

/// A measure by which runs are compared.
public struct RunMetric: Sendable {
  /// As people and scripts name it.
  public let name: String
  /// At the head of its column.
  let title: String
  let isMoreBetter: Bool
  let value: @Sendable (FoundRun) -> Double?
  let text: @Sendable (Double) -> String

  static let knn = RunMetric(name: "knn", title: "k-NN", isMoreBetter: true, value: \.knn) { percent($0) }
  static let linear = RunMetric(name: "linear", title: "linear", isMoreBetter: true, value: \.linear) {
    percent($0)
  }
  static let macsShare = RunMetric(
    name: "macs_share", title: "MACs", isMoreBetter: false, value: \.macsShare
  ) { percent(100 * $0, decimals: 1) }

  static let classifier = RunMetric(
    name: "classifier", title: "classifier", isMoreBetter: true, value: \.classifier
  ) { percent($0) }

  static let all = [
    knn, RunMetric(name: "nearest", title: "nearest", isMoreBetter: true, value: \.nearest) { percent($0) },
    linear, classifier, macsShare,
    RunMetric(name: "loss", title: "loss", isMoreBetter: false, value: \.loss) { decimals($0, 4) },
    RunMetric(name: "seconds", title: "time", isMoreBetter: false, value: \.seconds) { durationText($0) },
  ]

  static var names: String { all.map(\.name).joined(separator: ", ") }

  /// - Throws: `StudyError.unknownMetric`.
  public static func named(_ name: String) throws(StudyError) -> RunMetric {
    if let metric = all.first(where: { $0.name == name }) { return metric }
    throw .unknownMetric(name, nearest: similarName(to: name, among: all.map(\.name)))
  }

  /// The best first, equally good ones as they were; those without a value, or with none that is a number, last.
  func sorted(_ runs: [FoundRun]) -> [FoundRun] {
    func rank(_ run: FoundRun) -> Double {
      guard let value = value(run), !value.isNaN else { return .infinity }
      return isMoreBetter ? -value : value
    }
    return runs.map { (run: $0, rank: rank($0)) }.enumerated()
      .sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }.map(\.element.run)
  }
}
