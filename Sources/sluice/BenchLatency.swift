import ArgumentParser
import Benchmarks
import Collectives
import Configurations
import Foundations
import Progress
import Provenance
import Tensors
import Training

struct BenchLatency: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "latency",
    abstract: "Times what an open channel of each gate takes in evaluation, for budgets in milliseconds.",
    usage: "sluice bench latency [<CONFIG>] [--set <KEY=VALUE> ...] [<options>]",
    discussion: """
      Evaluation computes open channels alone. The network is timed with random weights and \
      random masks of many densities, in turns with the network without gates, and a sum over open channels is fitted to \
      the times of an image (its batch's, divided by its images). Settings that the fit has not seen say how well it \
      predicts. Rank 0 works alone. The file can be trained with (gates.latency_table: FILE, gates.target: 12ms); it is \
      then part of the configuration and recorded with the run.

      Examples:
        sluice bench latency configs/cifar10-simclr.yaml --threads 1 --write latency.yaml
        sluice pretrain configs/cifar10-simclr.yaml --set gates.latency_table=latency.yaml --set gates.target=8ms
      """)

  @OptionGroup var subject: BenchOptions

  @Option(help: ArgumentHelp("Images at one time.", valueName: "N"))
  var batch = 1

  @OptionGroup var threads: ThreadOptions

  @Option(help: ArgumentHelp("Times that each setting of the gates has its turn.", valueName: "N"))
  var rounds = 15

  @Option(
    help: ArgumentHelp("Write the times to a file, for 'gates.latency_table: FILE'.", valueName: "FILE"),
    completion: .file(), transform: nonEmptyPath)
  var write: String?

  @OptionGroup var progress: ProgressOptions

  @OptionGroup var results: ResultOptions

  func validate() throws {
    try requireOption("--batch", batch, in: 1...100_000)
    try requireOption("--rounds", rounds, in: 1...1_000_000)
  }

  func run(on communicator: Communicator) throws {
    let pool = WorkerPool.forKernels(threads: try threads.count(on: communicator))
    let display = progress.display(on: communicator)
    let configuration = try InferenceBenchmark.configuration(
      path: subject.path, settings: subject.setting.settings, size: subject.size, threads: pool.threads,
      on: communicator)
    let report = try communicator.onRoot { _ in
      if let write { try DurableFiles.requireWritableFile(write) }
      var ungated = configuration
      ungated.gates.enabled = false
      let passes = InferencePasses(
        configuration.makeModel().backbone, dense: ungated.makeModel().backbone,
        images: InferenceBenchmark.syntheticImages(batch, size: configuration.network.inputSize),
        shardSize: configuration.batch.shard, pool: pool)
      let fit = try LatencyBenchmark(passes, batch: batch, rounds: rounds).run(showing: display)
      let report = LatencyReport(
        fit, of: configuration, batch: batch, threads: pool.threads, rounds: rounds)
      if let write {
        let processor = Environment.current(communicator, threads: pool.threads).cpu.model
        try report.table.write(
          to: write,
          comment:
            "Microseconds of an image in evaluation, measured by 'sluice bench latency' on "
            + "\(processor ?? "an unknown processor").")
      }
      return report
    }
    if let report { try results.print(report, on: communicator) }
  }
}
