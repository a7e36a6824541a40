"""Azure's public regions: a closed vocabulary, so that none of its words is anybody's secret."""

_NAMES = """
asia asiapacific australia australiacentral australiacentral2 australiaeast australiasoutheast
austriaeast belgiumcentral brazil brazilsouth brazilsoutheast canada canadacentral canadaeast
centralindia centralus chilecentral chinaeast chinaeast2 chinaeast3 chinanorth chinanorth2
chinanorth3 denmarkeast eastasia eastus eastus2 europe france francecentral francesouth germany
germanynorth germanywestcentral global india indonesiacentral israelcentral italynorth japan
japaneast japanwest jioindiacentral jioindiawest korea koreacentral koreasouth malaysiawest
mexicocentral newzealandnorth northcentralus northeurope norway norwayeast norwaywest
polandcentral qatarcentral southafrica southafricanorth southafricawest southcentralus
southeastasia southindia spaincentral sweden swedencentral swedensouth switzerland
switzerlandnorth switzerlandwest uae uaecentral uaenorth uk uksouth ukwest unitedstates
usgovarizona usgovtexas usgovvirginia westcentralus westeurope westindia westus westus2 westus3
"""

REGIONS = frozenset(_NAMES.split())
