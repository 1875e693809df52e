def pytest_addoption(parser):
    parser.addoption("--oracle-seed", type=int, default=None, help="run only this seed")
    parser.addoption("--oracle-queries", type=int, default=None, help="how many queries in all")
