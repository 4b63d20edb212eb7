import Machine
import Testing

@testable import Collectives

@Suite struct MPIRuntimeTests {
  @Test(arguments: [
    ("Open MPI v4.1.4, package: Debian OpenMPI, ident: 4.1.4", "Open MPI 4.1.4"),
    ("MPICH Version:      4.0.2\nMPICH Release date: Thu", "MPICH 4.0.2"),
    ("Intel(R) MPI Library 2021.9 for Linux* OS\n", "Intel(R) MPI Library 2021.9 for Linux* OS"),
    ("", "unknown"),
  ])
  func namesTheLibrary(text: String, name: String) {
    #expect(MPIRuntime.libraryName(text) == name)
  }
}

@Suite struct CommunicatorPlacementTests {
  @Test func aWorldOfOneHasThreadsForItsCores() throws {
    #expect(try (1...Placement.allowedCores().count).contains(Communicator.alone().placement().threads))
  }
}
