import Foundations

/// The parts of a study as the jobs of a Slurm array.
public struct ArrayJobs: Report, Sendable {
  /// What a script is told of each part, in the order of their numbers.
  private let parts: [[(key: String, value: JSONValue)]]
  /// What the study was asked for with, without the program's name.
  private let arguments: [String]

  /// - Parameter arguments: The command line's words from the command's name on, with the folder, without `--array`.
  init(_ parts: [[(key: String, value: JSONValue)]], arguments: [String]) {
    self.parts = parts
    self.arguments = arguments
  }

  /// The runs of a sweep.
  public init(_ plan: SweepPlan, arguments: [String]) {
    self.init(
      plan.members.map { member in
        [
          ("target", .number(member.target)), ("seed", .text("\(member.seed)")),
          ("path", .text(member.folder.path)),
        ]
      }, arguments: arguments)
  }

  /// The chains of a study of pruning.
  public init(_ plan: PruneStudyPlan, arguments: [String]) {
    self.init(
      plan.chains.map { chain in
        [
          ("source", .text(chain.source.description)), ("seed", .text("\(chain.seed)")),
          ("path", .text(chain.pruning.folder)),
        ]
      }, arguments: arguments)
  }

  private func command(_ index: Int) -> String {
    shellWords(["sluice"] + arguments + ["--only", "\(index)"])
  }

  /// A command a line; how to submit them all is a comment.
  public var text: String {
    (parts.indices.map(command) + ["# \(submission)"]).joined(separator: "\n")
  }

  private var range: String { "0-\(parts.count - 1)" }

  private var submission: String {
    shellWords(["sbatch", "--array=\(range)", "scripts/sluice.sbatch"] + arguments)
  }

  public var json: JSONValue {
    .object([
      "jobs": .list(
        parts.enumerated().map { index, fields in
          .object(keyed: [("index", .integer(index))] + fields + [("command", .text(command(index)))])
        }), "array": .text(range), "submission": .text(submission),
    ])
  }
}
