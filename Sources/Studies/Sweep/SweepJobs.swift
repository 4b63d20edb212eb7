import Foundations

/// The runs of a sweep as the jobs of a Slurm array.
public struct SweepJobs: Report, Sendable {
  private let plan: SweepPlan
  /// What the sweep was asked for with, without the program's name.
  private let arguments: [String]

  /// - Parameter arguments: The command line's words from `sweep` on, with the folder, without `--array`.
  public init(_ plan: SweepPlan, arguments: [String]) {
    self.plan = plan
    self.arguments = arguments
  }

  private func command(_ member: SweepPlan.Member) -> String {
    shellWords(["sluice"] + arguments + ["--only", "\(member.index)"])
  }

  /// A command a line; how to submit them all is a comment.
  public var text: String {
    (plan.members.map(command) + ["# \(submission)"]).joined(separator: "\n")
  }

  private var range: String { "0-\(plan.members.count - 1)" }

  private var submission: String {
    shellWords(["sbatch", "--array=\(range)", "scripts/sluice.sbatch"] + arguments)
  }

  public var json: JSONValue {
    .object([
      "jobs": .list(
        plan.members.map { member in
          .object([
            "index": .integer(member.index), "target": .number(member.target),
            "seed": .text("\(member.seed)"),
            "path": .text(member.folder.path), "command": .text(command(member)),
          ])
        }), "array": .text(range), "submission": .text(submission),
    ])
  }
}

/// Words as a shell reads them back.
func shellWords(_ words: [String]) -> String {
  words.map { word in
    let isPlain = word.wholeMatch(of: /[A-Za-z0-9_.,:=@%+\/-]+/) != nil
    return isPlain ? word : "'" + word.replacing("'", with: #"'\''"#) + "'"
  }.joined(separator: " ")
}
