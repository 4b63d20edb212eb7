import ArgumentParser
import Collectives
import Datasets
import Evaluation
import Foundations
import Progress
import Training

/// How linear classifiers are trained.
struct LinearOptions: ParsableArguments {
  @Option(help: "lbfgs: logistic regression to its optimum; sgd: the papers' protocol.")
  var solver = LinearEvaluation.Solver.lbfgs

  @Option(help: ArgumentHelp("Epochs of sgd.", valueName: "N"))
  var epochs = 100

  @Option(
    help: ArgumentHelp(
      "Seeds, for example 1,2,3: the mean over them is reported, and how they spread.", valueName: "LIST"),
    transform: SeedList.init)
  var seeds = SeedList([0])

  func validate() throws { try requireOption("--epochs", epochs, in: 1...100_000) }

  /// The whole of a command.
  func evaluate(
    _ layers: FeatureLayers, of evaluated: EvaluatedOptions, showing progress: ProgressOptions,
    printing results: ResultOptions, on communicator: Communicator
  ) throws {
    let subject = try evaluated.open(on: communicator, quiet: progress.quiet)
    let parts = try subject.classifiable(on: communicator)
    try subject.requireMemory(for: parts, layers, isGathered: true, on: communicator)
    let extractor = try subject.extractor(layers, on: communicator)
    let display = progress.display(on: communicator)
    let (known, asked) = try extractor.extractions(of: parts, layers, showing: display)
    var evaluation = LinearEvaluation()
    (evaluation.solver, evaluation.epochs) = (solver, epochs)
    let report = try display.following("classifiers on \(counted(known.layers.count, "layer"))") { share in
      try LinearReport.make(
        train: known, test: asked, parts, of: subject.data, usage: extractor.usage(of: asked),
        evaluation: evaluation, seeds: seeds.values, on: communicator, pool: subject.pool, progress: share)
    }
    guard let report else { return }
    for warning in subject.data.warnings + report.skipped { warn(warning) }
    try results.print(report, on: communicator)
  }
}

/// Seeds as a person lists them.
struct SeedList {
  let values: [UInt64]

  init(_ values: [UInt64]) { self.values = values }

  /// - Throws: `ValidationError`.
  init(_ text: String) throws {
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    let values = words.compactMap { UInt64($0) }
    guard values.count == words.count, Set(values).count == values.count else {
      throw ValidationError("it must be different whole numbers with commas between them, for example 1,2,3")
    }
    self.values = values
  }
}

extension LinearEvaluation.Solver: ExpressibleByArgument {}
