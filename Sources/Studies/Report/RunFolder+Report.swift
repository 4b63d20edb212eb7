import Logging
import Training

extension RunFolder {
  /// The page that shows the run.
  public var report: String { "\(path)/report.html" }

  /// Leaves the page of a run that has ended in its folder; a warning where that is impossible.
  public func writeReport(_ log: Logger) {
    do {
      _ = try WrittenReport(of: [self], to: report)
    } catch {
      log.warning("\(error); the run is complete without it")
    }
  }
}
