import ArgumentParser

struct BenchKernels: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kernels", abstract: "Times every convolution of a network with each of oneDNN's algorithms."
  )

  func run() throws {}
}
