import { registry } from "@web/core/registry";

registry.category("web_tour.tours").add("distrib_home", {
    steps: () => [
        {
            content: "The page greets and shows the areas",
            trigger: ".o_distrib_home section[data-area=network]",
        },
        {
            content: "A card opens its list",
            trigger: ".o_distrib_card_danger[data-card=negative_stock]",
            run: "click",
        },
        {
            content: "The negative quant is listed",
            trigger: ".o_list_view .o_data_row:contains(Test Tea)",
        },
        {
            content: "The app's menu leads back",
            trigger: ".o_menu_brand, .o_menu_sections a:contains(Today)",
        },
    ],
});
