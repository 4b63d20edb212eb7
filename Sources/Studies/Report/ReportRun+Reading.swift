import Configurations
import Foundation
import Foundations
import Machine
import Metrics
import Training

extension ReportRun {
  /// Reads the folder of a run, which may still be written, or have been cut short.
  ///
  /// - Throws: `StudyError`.
  init(_ folder: RunFolder) throws {
    let found = try FoundRun(folder)
    let recorded = RecordedMetrics(contentsOf: folder.metrics)
    var notes = [Self.standing(of: found)].compactMap(\.self)
    if let gap = recorded.gap { notes.append("\(gap).") }
    var configuration: Configuration?
    do {
      configuration = try folder.readConfiguration().resolved(imageSize: 32)
    } catch {
      notes.append("\(error), so that times and targets are missing here.")
    }
    self.init(
      path: folder.path, steps: found.steps, training: recorded.training, evaluations: recorded.evaluations,
      rankTimes: RankTimesRecord.all(in: folder.rankTimes), notes: notes,
      configurationText: (try? readText(folder.configuration)) ?? "",
      configuration: configuration, environment: Self.decoded(folder.environment),
      final: Self.decoded(folder.evaluation), linearEvaluation: found.linear)
  }

  /// What a reader should know of a run that has not finished.
  private static func standing(of run: FoundRun) -> String? {
    let place = "step \(grouped(run.step))" + (run.steps.map { " of \(grouped($0))" } ?? "")
    switch run.state {
    // A run that shows itself holds its folder, and has taken its last step.
    case .training where run.holder?.process == .current: return nil
    case .training:
      let holder = run.holder.map { ", by \($0.words)" } ?? ""
      return "The run is still being written\(holder): this page shows what was there at \(place)."
    case .finished: return nil
    case .stopped, .orphaned:
      guard let steps = run.steps, run.step < steps else { return nil }
      return "The run was interrupted at \(place); the command that began it goes on with it."
    }
  }

  /// nil: the file is not there, or is something else.
  private static func decoded<Contents: Decodable>(_ path: String) -> Contents? {
    guard let bytes = try? RegularFile(path)?.read() else { return nil }
    return try? JSONDecoder().decode(Contents.self, from: Data(bytes))
  }
}
