import ArgumentParser
import Benchmarks
import Collectives
import Foundations
import Training

struct BenchKernels: RankCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels",
    abstract: "Times every convolution of a network with each algorithm, Sluice's and oneDNN's.",
    usage: "sluice bench kernels [<CONFIG>] [--set <KEY=VALUE> ...] [<options>]",
    discussion: """
      Sizes are those that training computes at once: a shard with two views of each image. Times are medians \
      with cold caches; what bf16 takes to round is part of them. With precision: bf16 that is measured too. \
      A file of the fastest algorithms can be trained with (kernels: FILE); it is then part of the \
      configuration and recorded with the run.

      Examples:
        sluice bench kernels configs/cifar10-simsiam.yaml
        sluice bench kernels --size 224 --batch 8 --set precision=bf16 --write kernels.yaml
      """)

  @OptionGroup var subject: BenchOptions

  @Option(
    help: ArgumentHelp("Images of a rank in one step; shards are no larger.", valueName: "N"))
  var batch: Int?

  @Option(help: ArgumentHelp("Threads that compute at one time.", valueName: "N"))
  var threads = 1

  @Option(
    help: ArgumentHelp("Write the fastest algorithms to a file, for 'kernels: FILE'.", valueName: "FILE"),
    completion: .file(), transform: nonEmptyPath)
  var write: String?

  @OptionGroup var results: ResultOptions

  func validate() throws {
    try requireOption("--batch", batch, in: 1...1_000_000)
    try requireOption("--threads", threads, in: 1...1024)
  }

  func run(on communicator: Communicator) throws {
    let benchmark = try KernelBenchmark(
      path: subject.path, settings: subject.setting.settings, size: subject.size, batch: batch,
      threads: threads, on: communicator)
    let report = try communicator.agree { () throws -> KernelReport? in
      guard communicator.rank == 0 else { return nil }
      if let write { try DurableFiles.requireWritableFile(write) }
      let report = try benchmark.run()
      if let write {
        let name = subject.path ?? benchmark.network
        try report.table.write(
          to: write,
          comment:
            "The fastest convolutions of \(name) at \(report.imageSize)×\(report.imageSize), measured by "
            + "'sluice bench kernels'.")
      }
      return report
    }
    guard let report else { return }
    try results.print(report, on: communicator)
  }
}
