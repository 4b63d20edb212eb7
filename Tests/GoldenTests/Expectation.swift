import GoldenCases
import Testing

/// Expects every comparison to pass and prints how close the closest came.
func expectAll(
  _ comparisons: [Comparison], _ what: some CustomStringConvertible,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  print("\(what): \(comparisons.summary)")
  #expect(!comparisons.isEmpty, "\(what): nothing was compared", sourceLocation: sourceLocation)
  for comparison in comparisons where !comparison.passes {
    Issue.record("\(what): \(comparison)", sourceLocation: sourceLocation)
  }
}
